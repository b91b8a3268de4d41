# Finds numbers of the contract that are typed outside include/mynic_abi.h.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Usage: awk -f restated.awk VALUES FILE...
#
# VALUES is the output of scripts/gen-abi.sh --values.  FILEs are C, Python or
# shell.  Prints "FILE:LINE: what, the text" and ends with status 1 if it
# found something.  A number can be typed anywhere, and 4 is a register offset
# only now and then: so these look at where numbers of the contract are used.
#
#   - a name of the header, or one with its prefixes, defined again
#   - an access to a register or doorbell, a case, or an opcode that has a
#     number where a name belongs
#   - a mask or shift typed next to a little-endian field or a register, in
#     driver and device (a test may type what it expects: it fails when that
#     changes)
#   - the PCI identity, in C
#
# A statement with a comment "abi-literal: REASON" is left alone.

function value(s,    i, v)
{
	s = tolower(s)
	if (s !~ /^0x/)
		return s + 0
	v = 0
	for (i = 3; i <= length(s); i++)
		v = v * 16 + index("0123456789abcdef", substr(s, i, 1)) - 1
	return v
}

function report(what)
{
	gsub(/[ \t]+/, " ", statement)
	print FILENAME ":" first ": " what ": " substr(statement, 1, 120)
	found = 1
}

# True if TEXT has a hexadecimal literal whose value is in SET.
function literal_of(text, set,    t)
{
	while (match(text, /(^|[^A-Za-z0-9_.])0[xX][0-9a-fA-F]+/)) {
		t = substr(text, RSTART, RLENGTH)
		sub(/^[^0-9]/, "", t)
		if (value(t) in set)
			return 1
		text = substr(text, RSTART + RLENGTH)
	}
	return 0
}

function check(    s, w, call)
{
	s = statement
	if (s ~ /^[ \t]*$/)
		return

	# Names defined again.
	w = ""
	if (match(s, /#[ \t]*define[ \t]+[A-Za-z_0-9]+/) &&
	    substr(s, RSTART + RLENGTH, 1) != "(") {
		w = substr(s, RSTART, RLENGTH)
		sub(/.*[ \t]/, "", w)
	} else if (match(s, /^[ \t]*(readonly[ \t]+|local[ \t]+|declare[ \t]+-r[ \t]+)?MYNIC_[A-Z0-9_]+[ \t]*=[^=]/)) {
		w = substr(s, RSTART, RLENGTH)
		sub(/[ \t]*=.$/, "", w)
		sub(/.*[ \t]/, "", w)
	}
	if (w in known)
		report("\"" w "\" is defined by the header")
	else if (w ~ /^MYNIC_(REG|DB|F|ERR|QERR|HDR)_/)
		report("\"" w "\" takes a prefix of the header")

	if (s !~ /MYNIC_(REG|DB)_/ && match(s, access)) {
		# Tests ring where there is no doorbell: 0x18 is but a register.
		w = substr(s, RSTART, RLENGTH)
		call = substr(s, RSTART)
		if ((w ~ /doorbell/ && literal_of(call, doorbell)) ||
		    (w !~ /doorbell/ && literal_of(call, offset)))
			report("offset of a register or doorbell as a number")
	}
	if (s ~ /(^|[^A-Za-z_])case[ \t]+0[xX]/ && literal_of(s, numbered))
		report("case with a number that the header names")
	if (s ~ /opcode["'\])]*[ \t]*[=:][ \t]*(cpu_to_le16[ \t]*\([ \t]*)?(0[xX][0-9a-fA-F]|[1-9])/)
		report("opcode as a number")
	if (s ~ /(admin|cmd)[a-z_0-9]*[ \t]*\([^)]*[ ,(]0[xX]/ &&
	    s !~ /MYNIC_ADMIN_/ && literal_of(s, opcode))
		report("opcode as a number")
	if (!test && s ~ /(le(16|32|64)_to_cpu|cpu_to_le(16|32|64)|ld[lqu]*w?_le_p|readl|writel|->info|->flags|gso_type|\.info|\.flags)/) {
		if (s ~ /(&|\|)[ \t]*~?0[xX][0-9a-fA-F]/ ||
		    s ~ /(^|[^A-Z_])(BIT|BIT_ULL)\([0-9]/ ||
		    s ~ /GENMASK(_ULL)?\([0-9]/ ||
		    s ~ />>[ \t]*([12]?[0-9]|3[01])([^0-9]|$)/ ||
		    s ~ /[^0-9]1U?L?L?[ \t]*<<[ \t]*[0-9]/)
			report("mask or shift as a number")
		if (match(s, /gso_type[ \t]*[!=]?=[ \t]*(0[xX][0-9a-fA-F]+|[1-9][0-9]*)/)) {
			w = substr(s, RSTART, RLENGTH)
			sub(/.*[ \t=]/, "", w)
			if (value(w) in segmentation)
				report("kind of segmentation as a number")
		}
	}
	if (c && tolower(s) ~ /0x(1af4|10f0|6d79)([^0-9a-f]|$)/)
		report("PCI identity or magic as a number")
}

function flush()
{
	if (!exempt)
		check()
	statement = ""
	first = 0
	exempt = 0
}

BEGIN {
	access = "(^|[^A-Za-z0-9_])((io)?(read|write)(l|32|b|w|q)|" \
		"qpci_io_(read|write)[bwlq]|" \
		"mynic_(q?test_)?(reg|hw|db|doorbell|core|mmio)?_?" \
		"(rd|wr|read|write|read32|write32|rd32|wr32|doorbell|ring))" \
		"[ \t]*\\("
}

FNR == 1 {
	flush()
	incomment = 0
	file++
	c = FILENAME ~ /\.[ch]$/
	test = FILENAME ~ /\/tests\//
}

file == 1 {
	known[$1] = 1
	if ($1 ~ /^MYNIC_(REG|DB)_/)
		offset[value($2)] = numbered[value($2)] = 1
	if ($1 ~ /^MYNIC_DB_/)
		doorbell[value($2)] = 1
	if ($1 ~ /^MYNIC_ADMIN_/ && $1 !~ /_(MAX|MASK)$/) {
		opcode[value($2)] = numbered[value($2)] = 1
	}
	if ($1 ~ /^MYNIC_HDR_GSO_/)
		segmentation[value($2)] = 1
	next
}

{
	line = $0
	if (line ~ /abi-literal:/)
		exempt = 1
	if (c) {
		# Strings and characters first, then comments.
		gsub(/"([^"\\]|\\.)*"/, "\"\"", line)
		if (incomment) {
			if (line !~ /\*\//)
				next
			sub(/^.*\*\//, "", line)
			incomment = 0
		}
		gsub(/\/\*([^*]|\*+[^*\/])*\*+\//, " ", line)
		sub(/\/\/.*/, "", line)
		if (line ~ /\/\*/) {
			sub(/\/\*.*/, "", line)
			incomment = 1
		}
	} else {
		sub(/(^|[ \t])#.*/, "", line)
	}
	if (line ~ /^[ \t]*$/)
		next
	if (!first)
		first = FNR
	statement = statement " " line
	if (!c || line ~ /[;{}:]$|^#|,$/) {
		# Arguments go on; a list of initialisers or enumerators does not.
		if (c && line ~ /,$/ && statement ~ /\(/ &&
		    gsub(/\(/, "(", statement) > gsub(/\)/, ")", statement))
			next
		flush()
	}
}

END {
	flush()
	exit found
}
