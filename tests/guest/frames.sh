# shellcheck shell=bash
# Frames for the guest tests, made of hex digits: the peer's and this end's.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sourced by lib.sh.
# shellcheck disable=SC2154 # nic and peer_if are those of lib.sh

# _sender FILE LENGTH IFACE: the command that sends the frames in FILE, each of
# LENGTH bytes, out of IFACE.
_sender()
{
	printf 'socat -u -b %d FILE:%s INTERFACE:%s' "$2" "$1" "$3"
}

# _escapes HEX: for printf, after "+" padded with zeros to so many bytes.
_escapes()
{
	local hex=${1%+*} out='' zeros='' n
	hex=${hex//[[:space:]:]/}
	for ((n = 0; n < ${#hex}; n += 2)); do
		out+="\\x${hex:n:2}"
	done
	if [[ $1 == *+* ]]; then
		n=$((${1#*+} - ${#hex} / 2))
		printf -v zeros '%*s' $((n > 0 ? n : 0)) ''
	fi
	echo "$out${zeros// /\\x00}"
}

# inject COUNT HEX[+LENGTH]...: the peer sends frames given as hex digits, all
# of one length.
inject()
{
	local bytes count=$1 all=
	shift

	for bytes in "$@"; do
		bytes=$(_escapes "$bytes")
		all+=$bytes
	done
	peer_sh "for i in \$(seq $count); do printf '$all'; done >frames
		$(_sender frames $((${#bytes} / 4)) "$peer_if")"
}

# emit COUNT HEX[+LENGTH]: this end sends a frame.
emit()
{
	local bytes
	bytes=$(_escapes "$2")
	for _ in $(seq "$1"); do
		# shellcheck disable=SC2059 # escapes are meant
		printf "$bytes"
	done >"$CASE_DIR/frames"
	eval "$(_sender "$CASE_DIR/frames" $((${#bytes} / 4)) "$nic")"
}

# burst FIRST LAST COUNT: the peer sends COUNT datagrams of 32 bytes from each
# of LAST - FIRST + 1 UDP ports, of which FIRST is the first, to port 6100.  They
# differ in all their bits: a hash whose key is chance may give all of those that
# differ in a few bits the same queue.
burst()
{
	local header trailer
	header=$(_escapes "$(mac_of "$nic") 020000000001 0800 $(ip_header)")
	trailer=$(_escapes 17d400280000+38)
	# shellcheck disable=SC2016 # expanded by the peer
	peer_sh "header='$header' trailer='$trailer' first=$1 last=$2 count=$3
		"'for ((i = 0; i < count; i++)); do
			for ((n = 0; n <= last - first; n++)); do
				port=$(((first + n * 509) & 65535))
				printf -v p "\\\\x%02x\\\\x%02x" \
					$((port >> 8)) $((port & 255))
				printf "%b" "$header$p$trailer"
			done
		done >frames
		'"$(_sender frames 74 "$peer_if")"
}

# ip_header: from the peer to here, UDP with 32 bytes, in hex digits.
ip_header()
{
	local words=(4500 003c 0000 4000 4011 0000) word sum=0 a
	IFS=. read -ra a <<<"$HOST4.$GUEST4"
	for word in 0 2 4 6; do
		words+=("$(printf '%02x%02x' "${a[word]}" "${a[word + 1]}")")
	done
	for word in "${words[@]}"; do
		sum=$((sum + 16#$word))
	done
	sum=$(((sum & 0xffff) + (sum >> 16)))
	words[5]=$(printf '%04x' $((~sum & 0xffff)))
	echo "${words[*]}"
}
