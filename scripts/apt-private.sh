#!/bin/bash
# Asks Debian's archive for packages of any suite without touching the system.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# apt runs on a configuration, lists and state of its own under
# $MYNIC_CACHE/apt.  Where to ask is taken from the machine's own sources:
# entries signed by Debian's archive keyring, with the suite and the type
# replaced.  Proxies, credentials and other transport settings are the
# machine's.  MYNIC_MIRROR=URI overrides what was found.
#
# Usage: scripts/apt-private.sh SUITE[,SUITE...] [--src] -- ARGUMENTS...
#        scripts/apt-private.sh SUITE[,SUITE...] [--src] --sources
#
# ARGUMENTS go to apt-get, or to the tool they start with (apt-get,
# apt-cache).  --src adds source packages.  --sources prints the sources
# as deb822 text, for mmdebstrap.  SUITE is a name such as trixie,
# trixie-backports, trixie-security or sid.
#
# Sourced, it offers apt_private, apt_private_sources, fetch_deb,
# fetch_source and unpack_debs, described below.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

APT_PRIVATE=$MYNIC_CACHE/apt
# Where the machine keeps its own; tests point this at fixtures.
MYNIC_APT_ETC=${MYNIC_APT_ETC:-/etc/apt}
MYNIC_OS_RELEASE=${MYNIC_OS_RELEASE:-/etc/os-release}

# Prints "TYPES<TAB>URIS<TAB>SUITES<TAB>SIGNED-BY" for each enabled entry of
# the machine's sources, both formats.
_apt_entries()
{
	local f

	for f in "$MYNIC_APT_ETC"/sources.list \
		 "$MYNIC_APT_ETC"/sources.list.d/*.list; do
		[ -f "$f" ] || continue
		# deb [option=value ...] URI SUITE COMPONENT...
		awk '
		$1 == "deb" || $1 == "deb-src" {
			sub(/#.*/, "")
			type = $1
			sub(/^[ \t]*[^ \t]+[ \t]*/, "")
			signed = ""
			if (match($0, /^\[[^]]*\]/)) {
				n = split(substr($0, 2, RLENGTH - 2), opt, " ")
				$0 = substr($0, RLENGTH + 1)
				for (i = 1; i <= n; i++)
					if (tolower(opt[i]) ~ /^signed-by=/)
						signed = substr(opt[i], 11)
			}
			print type "\t" $1 "\t" $2 "\t" signed
		}' "$f"
	done
	for f in "$MYNIC_APT_ETC"/sources.list.d/*.sources; do
		[ -f "$f" ] || continue
		awk '
		function flush() {
			if (v["uris"] != "" && tolower(v["enabled"]) != "no")
				print v["types"] "\t" v["uris"] "\t" \
				      v["suites"] "\t" v["signed-by"]
			split("", v)
			key = ""
		}
		/^#/ { next }
		/^[ \t]*$/ { flush(); next }
		/^[ \t]/ {
			sub(/^[ \t]+/, "")
			v[key] = v[key] " " $0
			next
		}
		{
			key = tolower(substr($0, 1, index($0, ":") - 1))
			val = substr($0, index($0, ":") + 1)
			gsub(/^[ \t]+|[ \t]+$/, "", val)
			v[key] = val
		}
		END { flush() }' "$f"
	done
}

# Prints "archive<TAB>URI<TAB>KEYRING" and "security<TAB>URI<TAB>KEYRING" for
# Debian's own archives among the machine's sources.  KEYRING is empty where
# the machine relies on the keys that apt trusts by default.
apt_private_archives()
{
	local debian='' entry uri keyring role types uris suites signed

	if [ -n "${MYNIC_MIRROR:-}" ]; then
		printf 'archive\t%s\t\n' "$MYNIC_MIRROR"
		return
	fi
	! grep -qsE '^ID="?debian"?$' "$MYNIC_OS_RELEASE" || debian=1
	_apt_entries | while IFS= read -r entry; do
		# Tabs are IFS white space: empty fields would be swallowed.
		IFS=$'\x1f' read -r types uris suites signed \
			<<<"${entry//$'\t'/$'\x1f'}"
		[ -n "$types" ] || continue
		# Debian's sources have one URI; more are mirrors of it.
		uri=${uris%% *}
		uri=${uri%/}
		case $signed in
		/usr/share/keyrings/debian-archive-keyring.gpg | \
		/usr/share/keyrings/debian-archive-keyring.pgp)
			keyring=$signed
			;;
		'')
			# Unsigned-by entries count on a stock Debian only.
			[ -n "$debian" ] || continue
			[[ $uri =~ /debian(-security)?$ ]] || continue
			keyring=
			;;
		*)
			continue
			;;
		esac
		[[ $uri != cdrom:* ]] || continue
		case " $suites " in
		*-debug\ *)
			continue
			;;
		*-security\ * | */updates\ *)
			role=security
			;;
		*)
			role=archive
			;;
		esac
		printf '%s\t%s\t%s\n' "$role" "$uri" "$keyring"
	done | awk -F '\t' '!seen[$1]++'
}

# apt_private_sources SUITES [--src]: prints deb822 sources for SUITES (comma
# separated).
apt_private_sources()
{
	local suites=$1 types=deb list suite role uri keyring archive='' security=''
	local archive_key='' security_key=''

	[ "${2:-}" != --src ] || types='deb deb-src'
	list=$(apt_private_archives) || exit
	while IFS=$'\t' read -r role uri keyring; do
		case $role in
		archive) archive=$uri archive_key=$keyring ;;
		security) security=$uri security_key=$keyring ;;
		esac
	done <<<"$list"
	[ -n "$archive" ] ||
		die "none of apt's sources on this machine is Debian's archive (signed by debian-archive-keyring)" \
		    "add Debian's entry to $MYNIC_APT_ETC/sources.list.d, or set MYNIC_MIRROR=URI of a Debian mirror"
	# Mirrors carry the security archive next to the main one.
	if [ -z "$security" ]; then
		security=${archive%/debian}/debian-security
		security_key=$archive_key
	fi

	for suite in ${suites//,/ }; do
		[[ $suite =~ ^[a-z][a-z0-9-]*$ ]] ||
			die "\"$suite\" is no name of a Debian suite" \
			    "use names such as trixie, trixie-backports, sid"
		case $suite in
		*-security)
			uri=$security
			keyring=$security_key
			;;
		*)
			uri=$archive
			keyring=$archive_key
			;;
		esac
		printf 'Types: %s\nURIs: %s\nSuites: %s\nComponents: main\n' \
			"$types" "$uri" "$suite"
		[ -z "$keyring" ] || printf 'Signed-By: %s\n' "$keyring"
		printf '\n'
	done
}

# apt_private_conf SUITES [--src]: prints the name of an apt configuration for
# SUITES, written when it is not there or the machine's sources changed.  Use
# it as APT_CONFIG.
apt_private_conf()
{
	local suites=$1 src=${2:-} dir conf text transport

	dir=$APT_PRIVATE/$suites${src:+-src}
	conf=$dir/apt.conf
	make_cache
	mkdir -p "$dir/sources.list.d" "$dir/empty" "$dir/cache" \
		"$APT_PRIVATE"/{archives,lists,state}/partial
	[ -e "$APT_PRIVATE/state/status" ] || : >"$APT_PRIVATE/state/status"
	# "|| exit": a caller's "if" or "||" would switch set -e off.
	text=$(apt_private_sources "$suites" "$src") || exit
	# Only how to reach a server is taken over from the machine: hooks
	# such as a container's cleaning of archives are not for us.
	transport=$(apt-config dump | grep -E \
		'^Acquire::(https?|ftp|Retries|ForceIPv[46]|Check-(Valid-Until|Date)|Proxy)(::|-| )' |
		grep -v ' "";$' || :)
	cat >"$dir/apt.conf.new" <<-CONF
		$transport
		APT::Architecture "amd64";
		APT::Get::List-Cleanup "false";
		APT::Install-Recommends "false";
		APT::Sandbox::User "root";
		Acquire::Languages "none";
		Acquire::GzipIndexes "true";
		Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
		Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
		Dir::Etc::main "$dir/empty/apt.conf";
		Dir::Etc::parts "$dir/empty";
		Dir::Etc::preferences "$dir/empty/preferences";
		Dir::Etc::preferencesparts "$dir/empty";
		Dir::Etc::sourcelist "$dir/empty/sources.list";
		Dir::Etc::sourceparts "$dir/sources.list.d";
		Dir::State "$APT_PRIVATE/state";
		Dir::State::lists "$APT_PRIVATE/lists";
		Dir::State::status "$APT_PRIVATE/state/status";
		Dir::Cache "$dir/cache";
		Dir::Cache::archives "$APT_PRIVATE/archives";
	CONF
	if [ "$text" != "$(cat "$dir/sources.list.d/debian.sources" 2>/dev/null)" ]; then
		printf '%s\n' "$text" >"$dir/sources.list.d/debian.sources"
		rm -f "$dir/updated"
	fi
	mv "$dir/apt.conf.new" "$conf"
	printf '%s\n' "$conf"
}

_apt_update()
{
	local dir=$1 suites=$2

	APT_CONFIG=$dir/apt.conf apt-get -q update -o APT::Update::Error-Mode=any \
		>"$dir/update.log" 2>&1 && : >"$dir/updated"
}

# apt_private_update SUITES [--src] [force]: package lists not older than a
# day.  Old lists serve when no server answers.
apt_private_update()
{
	local suites=$1 src='' force='' conf dir arg

	for arg in "${@:2}"; do
		case $arg in
		--src) src=--src ;;
		force) force=1 ;;
		esac
	done
	conf=$(apt_private_conf "$suites" "$src") || exit
	dir=${conf%/*}
	if [ -z "$force" ] && [ -n "$(find "$dir/updated" -mmin -1440 2>/dev/null)" ]; then
		return 0
	fi
	say "reading Debian's package lists of ${suites//,/, }${src:+ with sources}"
	if with_lock apt _apt_update "$dir" "$suites"; then
		return 0
	fi
	sed 's/^/    /' "$dir/update.log" | tail -n 12 >&2
	if grep -q NO_PUBKEY "$dir/update.log"; then
		die "debian-archive-keyring on this machine is too old to verify ${suites//,/, }" \
		    "install a newer debian-archive-keyring package (apt-get update && apt-get install debian-archive-keyring)"
	fi
	if [ -e "$dir/updated" ]; then
		say "no fresh package lists; those of $(date -r "$dir/updated" +%F) are used"
		return 0
	fi
	die "Debian's package lists of ${suites//,/, } could not be read" \
	    "check the network and apt's proxy settings; the log is $dir/update.log"
}

# apt_private SUITES [--src] ARGUMENTS...: apt-get (or apt-get/apt-cache when
# ARGUMENTS start with it) on Debian's SUITES.
apt_private()
{
	local suites=$1 src='' tool=apt-get conf
	shift

	if [ "${1:-}" = --src ]; then
		src=--src
		shift
	fi
	case ${1:-} in
	apt-get | apt-cache)
		tool=$1
		shift
		;;
	esac
	if [ "${1:-}" = update ]; then
		apt_private_update "$suites" $src force
		return
	fi
	apt_private_update "$suites" $src
	conf=$APT_PRIVATE/$suites${src:+-src}/apt.conf
	APT_CONFIG=$conf "$tool" "$@"
}

# apt_versions SUITES [--src] PACKAGE GLOB: the versions of PACKAGE matching
# GLOB, newest first.
apt_versions()
{
	local suites=$1 src='' kind=Packages v versions
	shift

	if [ "$1" = --src ]; then
		src=--src
		kind=Sources
		shift
	fi
	versions=$(apt_private "$suites" $src apt-cache madison "$1" |
		awk -F ' *[|] *' -v k="$kind" '$3 ~ k "$" { print $2 }') || exit
	for v in $(_sort_versions <<<"$versions"); do
		# shellcheck disable=SC2053 # a pattern is meant
		[[ $v != $2 ]] || printf '%s\n' "$v"
	done
}

# Debian's order of versions is not sort -V's ("~"): insertion by dpkg.
_sort_versions()
{
	local v i out=()

	while IFS= read -r v; do
		[ -n "$v" ] || continue
		for ((i = 0; i < ${#out[@]}; i++)); do
			[ "$v" != "${out[i]}" ] || continue 2
			! dpkg --compare-versions "$v" gt "${out[i]}" || break
		done
		out=("${out[@]:0:i}" "$v" "${out[@]:i}")
	done
	[ "${#out[@]}" -eq 0 ] || printf '%s\n' "${out[@]}"
}

# _fetch_newest SUITES SRC PACKAGE GLOB DIR COMMAND: tries the versions of
# PACKAGE newest first, since a mirror's pool may lag behind its index; with
# fresh lists once when none can be had.  Leaves the version in FETCHED.
_fetch_newest()
{
	local suites=$1 src=$2 pkg=$3 glob=$4 dir=$5 fetch=$6 try v versions log

	mkdir -p "$dir"
	log=$APT_PRIVATE/$suites${src:+-src}/fetch.log
	for try in now refreshed; do
		# shellcheck disable=SC2086 # SRC is one word or none
		versions=$(apt_versions "$suites" $src "$pkg" "$glob") || exit
		for v in $versions; do
			if (cd "$dir" && "$fetch" "$suites" "$pkg" "$v") \
			    >"$log" 2>&1; then
				FETCHED=$v
				return 0
			fi
			say "$pkg $v cannot be had: $(grep -aE '^E:' "$log" |
				head -n 1)"
		done
		# shellcheck disable=SC2086
		[ "$try" != now ] || apt_private_update "$suites" $src force
	done
	[ -n "$versions" ] ||
		die "Debian's ${suites//,/, } has no package $pkg with a version like $glob" \
		    "see: scripts/apt-private.sh $suites ${src:+$src }-- apt-cache madison $pkg"
	die "no version of $pkg could be downloaded from ${suites//,/, }" \
	    "the log is $log; a mirror that is being updated works again later"
}

_download_deb()
{
	APT_CONFIG=$APT_PRIVATE/$1/apt.conf apt-get -q download "$2=$3"
}

_download_source()
{
	APT_CONFIG=$APT_PRIVATE/$1-src/apt.conf \
		apt-get -q source --download-only "$2=$3"
}

# fetch_deb SUITES PACKAGE[=GLOB] DIR: downloads the newest version that can
# be had (and matches GLOB) into DIR; prints the file's name.
fetch_deb()
{
	local suites=$1 pkg=${2%%=*} glob='*' dir=$3 arch

	[[ $2 != *=* ]] || glob=${2#*=}
	_fetch_newest "$suites" '' "$pkg" "$glob" "$dir" _download_deb
	for arch in amd64 all; do
		if [ -e "$dir/${pkg}_${FETCHED//:/%3a}_$arch.deb" ]; then
			printf '%s\n' "$dir/${pkg}_${FETCHED//:/%3a}_$arch.deb"
			return 0
		fi
	done
	die "$pkg $FETCHED was downloaded but is not in $dir"
}

# fetch_source SUITES PACKAGE GLOB DIR: downloads the newest source package
# that can be had and matches GLOB into DIR; prints the name of the .dsc.
fetch_source()
{
	_fetch_newest "$1" --src "$2" "$3" "$4" _download_source
	printf '%s\n' "$4/${2}_${FETCHED#*:}.dsc"
}

# unpack_debs SUITES DIR PACKAGE[=GLOB]...: unpacks packages aside, without
# installing and without their dependencies.  DIR appears complete or not at
# all; nothing is done when it is there.
unpack_debs()
{
	local suites=$1 dir=$2 tmp pkg deb
	shift 2

	! cache_ready "$dir" || return 0
	tmp=$(cache_begin "$dir")
	for pkg in "$@"; do
		deb=$(fetch_deb "$suites" "$pkg" "$APT_PRIVATE/archives") || exit
		dpkg-deb -x "$deb" "$tmp"
	done
	cache_commit "$tmp" "$dir"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
	usage='usage: scripts/apt-private.sh SUITE[,SUITE...] [--src] -- ARGUMENTS...'
	suites=${1:-}
	[[ $suites == [a-z]* ]] || die "no suite named" "$usage"
	shift
	need_host apt-get
	src=()
	if [ "${1:-}" = --src ]; then
		src=(--src)
		shift
	fi
	case ${1:-} in
	--sources)
		apt_private_sources "$suites" "${src[@]}"
		;;
	--)
		shift
		[ $# -gt 0 ] || die "nothing to ask apt for" "$usage"
		apt_private "$suites" "${src[@]}" "$@"
		;;
	*)
		die "\"${1:-}\" is not understood" "$usage"
		;;
	esac
fi
