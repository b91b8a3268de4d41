#!/bin/bash
# Tests scripts/apt-private.sh: which of a machine's sources are used, and how.
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016 # single quotes: expanded by the shell under test

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# sources NAME: standard input becomes a sources file of the machine.
sources()
{
	mkdir -p "$T/etc/sources.list.d"
	cat >"$T/etc/$1"
}

# apt COMMAND...: runs COMMAND with the functions of apt-private.sh, on the
# fixtures.
apt()
{
	[ -e "$T/os-release" ] || echo 'ID=debian' >"$T/os-release"
	mkdir -p "$T/etc"
	MYNIC_APT_ETC=$T/etc MYNIC_OS_RELEASE=$T/os-release \
		bash -c '. "$ROOT/scripts/apt-private.sh"; eval "$@"' apt "$@"
}

test_deb822_entries_of_debian_are_found()
{
	sources sources.list.d/debian.sources <<-TEXT
		# a comment
		Types: deb
		URIs: http://mirror.example.org/debian/
		Suites: bookworm bookworm-updates
		Components: main
		Signed-By: $keyring

		Types: deb
		URIs: http://security.example.org/debian-security
		Suites: bookworm-security
		Components: main
		Signed-By: $keyring
	TEXT
	equal "$(apt apt_private_archives)" \
"archive	http://mirror.example.org/debian	$keyring
security	http://security.example.org/debian-security	$keyring"
}

test_one_line_entries_of_debian_are_found()
{
	sources sources.list <<-TEXT
		#deb http://old.example.org/debian bookworm main
		deb [arch=amd64 signed-by=$keyring] http://mirror.example.org/debian bookworm main # comment
		deb-src [signed-by=$keyring] http://mirror.example.org/debian bookworm main
		deb [signed-by=$keyring] http://mirror.example.org/debian-security bookworm-security main
	TEXT
	equal "$(apt apt_private_archives)" \
"archive	http://mirror.example.org/debian	$keyring
security	http://mirror.example.org/debian-security	$keyring"
}

test_entries_signed_by_others_are_ignored()
{
	sources sources.list <<-TEXT
		deb [signed-by=/usr/share/keyrings/vendor.gpg] http://vendor.example.org/debian bookworm main
		deb [trusted=yes signed-by=/etc/apt/keyrings/debian-archive-keyring.gpg] http://fake.example.org/debian bookworm main
	TEXT
	sources sources.list.d/vendor.sources <<-TEXT
		Types: deb
		URIs: http://vendor.example.org/debian
		Suites: stable
		Components: main
		Signed-By:
		 -----BEGIN PGP PUBLIC KEY BLOCK-----
		 .
		 AAAA
		 -----END PGP PUBLIC KEY BLOCK-----
	TEXT
	equal "$(apt apt_private_archives)" ""
	fails apt 'apt_private_sources trixie'
	says "none of apt's sources on this machine is Debian's archive"
	says "MYNIC_MIRROR"
}

test_disabled_and_unreachable_entries_are_ignored()
{
	sources sources.list.d/debian.sources <<-TEXT
		Enabled: no
		Types: deb
		URIs: http://off.example.org/debian
		Suites: bookworm
		Signed-By: $keyring

		Types: deb
		URIs: cdrom:[Debian_12]/
		Suites: bookworm
		Signed-By: $keyring

		Types: deb
		URIs: http://debug.example.org/debian-debug
		Suites: bookworm-debug
		Signed-By: $keyring
	TEXT
	sources sources.list.d/off.sources.disabled <<-TEXT
		Types: deb
		URIs: http://disabled.example.org/debian
		Suites: bookworm
		Signed-By: $keyring
	TEXT
	equal "$(apt apt_private_archives)" ""
}

test_unsigned_by_entries_count_on_a_stock_debian_only()
{
	sources sources.list <<-TEXT
		deb http://tools.example.org/apt bookworm main
		deb http://mirror.example.org/debian bookworm main
	TEXT
	equal "$(apt apt_private_archives)" \
		"archive	http://mirror.example.org/debian	"
	echo 'ID=derivative' >"$T/os-release"
	equal "$(apt apt_private_archives)" ""
}

test_suite_and_type_are_replaced()
{
	sources sources.list <<-TEXT
		deb [signed-by=$keyring] http://mirror.example.org/debian bookworm main contrib
		deb [signed-by=$keyring] http://security.example.org/debian-security bookworm-security main
	TEXT
	equal "$(apt apt_private_sources trixie-backports,trixie-security --src)" \
"Types: deb deb-src
URIs: http://mirror.example.org/debian
Suites: trixie-backports
Components: main
Signed-By: $keyring

Types: deb deb-src
URIs: http://security.example.org/debian-security
Suites: trixie-security
Components: main
Signed-By: $keyring"
}

test_security_is_looked_for_beside_the_archive()
{
	OUT=$(MYNIC_MIRROR=http://mirror.example.org/debian \
		apt apt_private_sources trixie-security)
	says "URIs: http://mirror.example.org/debian-security"
}

test_a_suite_that_is_none_is_refused()
{
	sources sources.list <<-TEXT
		deb [signed-by=$keyring] http://mirror.example.org/debian bookworm main
	TEXT
	fails apt 'apt_private_sources ../etc'
	says '"../etc" is no name of a Debian suite'
	fails bash "$ROOT/scripts/apt-private.sh"
	says "no suite named"
}

test_nothing_of_the_systems_apt_is_written_to()
{
	sources sources.list <<-TEXT
		deb [signed-by=$keyring] http://mirror.example.org/debian bookworm main
	TEXT
	conf=$(apt apt_private_conf trixie)
	OUT=$(APT_CONFIG=$conf apt-config dump)
	# Every directory that apt writes to is in the cache.
	eval "$(APT_CONFIG=$conf apt-config shell \
		state Dir::State/d lists Dir::State::lists/d \
		status Dir::State::status/f cache Dir::Cache/d \
		archives Dir::Cache::archives/d parts Dir::Etc::sourceparts/d \
		list Dir::Etc::sourcelist/f)"
	for dir in "${state:?}" "${lists:?}" "${status:?}" "${cache:?}" \
		   "${archives:?}" "${parts:?}" "${list:?}"; do
		[[ $dir == "$T/cache/"* ]] || equal "$dir" "$T/cache/..."
	done
	omits "-Invoke"
}

test_versions_are_sorted_as_debian_does()
{
	equal "$(printf '%s\n' 1.0 1.0~rc1 1:0.9 1.10 1.9 1.0 |
		apt _sort_versions | xargs)" "1:0.9 1.10 1.9 1.0 1.0~rc1"
}

# An archive whose newest version cannot be had: 404 for all but 1.0.
with_archive()
{
	apt '
	apt_private_update() { mkdir -p "$APT_PRIVATE/trixie"; }
	apt_versions() { printf "%s\n" $VERSIONS; }
	_download_deb() {
		[ "$3" = 1:1.0 ] || { echo "E: 404  Not Found"; return 100; }
		: >"$2_1%3a1.0_all.deb"
	}
	'"$1"
}

test_an_older_version_serves_when_the_newest_is_missing()
{
	OUT=$(VERSIONS='1:1.1 1:1.0' with_archive \
		'apt_private_update; fetch_deb trixie card "$T/debs"' 2>err)
	equal "$OUT" "$T/debs/card_1%3a1.0_all.deb"
	grep -q 'card 1:1.1 cannot be had: E: 404' err
}

test_no_version_to_be_had_is_an_error()
{
	export VERSIONS='1:1.1'
	fails with_archive 'apt_private_update; fetch_deb trixie card "$T/debs"'
	says "no version of card could be downloaded from trixie"
	export VERSIONS=
	fails with_archive \
		'apt_private_update; fetch_deb trixie "card=2.*" "$T/debs"'
	says "has no package card with a version like 2.*"
}

test_an_old_keyring_is_named()
{
	sources sources.list <<-TEXT
		deb [signed-by=$keyring] http://mirror.example.org/debian bookworm main
	TEXT
	fails apt '_apt_update() {
		echo "W: GPG error: NO_PUBKEY 0123" >"$1/update.log"; return 1; }
		apt_private_update sid'
	says "debian-archive-keyring on this machine is too old to verify sid"
}

run_tests "$@"
