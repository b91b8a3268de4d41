#!/bin/bash
# Writes the tables of docs/specs/mynic.rst from include/mynic_abi.h.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Usage: scripts/gen-abi.sh [--stdout|--values|--asserts]
#
# The specification marks where a table goes:
#
#   .. begin-generated TABLE
#   .. end-generated
#
# and everything between is replaced.  TABLE is one of
#
#   registers           MYNIC_REG_*: offset, access, reset value, meaning
#   register-fields     what is indented beneath a register
#   doorbells           MYNIC_DB_*
#   features            MYNIC_F_* that have a meaning of their own
#   features-reserved   MYNIC_F_* below one common comment
#   constants PREFIX    other definitions whose name starts with PREFIX
#   struct NAME         offsets, sizes and meaning of the fields
#   enum NAME           values and meaning
#
# awk reads names and comments by the header's own conventions and turns them
# into a C program; offsets, sizes and values are what the compiler says.  A
# definition of the header that no table shows is an error, as is a table
# that the header cannot fill.  --stdout prints the specification instead of
# writing it; --values prints "NAME VALUE" for each number that the header
# names, for other languages than C; --asserts prints C that fails to compile
# where the layout is not the one seen here.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Tests point this at a copy.
ABI_ROOT=${ABI_ROOT:-$MYNIC_ROOT}
header=$ABI_ROOT/include/mynic_abi.h
spec=$ABI_ROOT/docs/specs/mynic.rst

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# Prints a C program that prints one record a line, separated by tabs: kind,
# group, columns.
header_to_c()
{
	awk '
	function q(s) {
		gsub(/\\/, "\\\\", s)
		gsub(/"/, "\\\"", s)
		gsub(/%/, "%%", s)
		return s
	}
	# One record; args are C expressions for the conversions in fmt.
	function rec(fmt, args) {
		printf "\tprintf(\"%s\\n\"%s);\n", fmt, args == "" ? "" : ", " args
	}
	function trim(s) {
		gsub(/^[ \t]+|[ \t]+$/, "", s)
		return s
	}
	# Splits a kernel-doc comment into doc["@member"].
	function kdoc(text,    n, i, line, l, key) {
		split("", doc)
		n = split(text, line, "\n")
		for (i = 2; i <= n; i++) {
			l = line[i]
			if (match(l, /^@[A-Za-z0-9_]+:/)) {
				key = substr(l, 2, RLENGTH - 2)
				doc[key] = trim(substr(l, RLENGTH + 1))
			} else if (l == "") {
				key = ""
			} else if (key != "") {
				doc[key] = doc[key] " " trim(l)
			}
		}
	}
	# "RO, reset X. Meaning" in access, reset, meaning.
	function regdoc(text,    at) {
		gsub(/\n/, " ", text)
		access = reset = ""
		meaning = text
		if (match(text, /^(RO|RW|WO), reset [^.]*\. /)) {
			access = substr(text, 1, 2)
			reset = substr(text, 11, RLENGTH - 12)
			meaning = substr(text, RLENGTH + 1)
		}
	}
	BEGIN {
		print "#include <stddef.h>\n#include <stdio.h>"
		print "#include \"mynic_abi.h\"\n"
		print "int main(void)\n{"
	}
	# Comments -------------------------------------------------------
	!incomment && /^[ \t]*\/\*/ {
		own = /^\/\*/
		text = $0
		sub(/^[ \t]*\/\*\*?[ \t]*/, "", text)
		incomment = 1
		comment = ""
		if (text ~ /\*\//) {
			sub(/[ \t]*\*\/.*/, "", text)
			incomment = 0
		}
		comment = text
		# Inside an enum: what follows is no value of it.
		if (!own && inenum && comment ~ /^private:/)
			private = 1
		single = !incomment
		next
	}
	incomment {
		text = $0
		if (text ~ /\*\//) {
			incomment = 0
			sub(/[ \t]*\*\/.*/, "", text)
		}
		sub(/^[ \t]*\*[ \t]?/, "", text)
		if (!incomment && trim(text) == "")
			next
		comment = comment (comment == "" ? "" : "\n") text
		next
	}
	# Structures and enums -------------------------------------------
	/^(struct|union) mynic_[a-z0-9_]+ \{/ {
		instruct = $2
		kind = $1
		member = ""
		depth = 1
		kdoc("\n" comment)
		comment = ""
		next
	}
	instruct && /^\tunion .*\{/ { depth = 2; nested = $1 " " $2; next }
	instruct && depth == 2 && !/^\t\}/ { next }
	instruct && /^\}/ { instruct = ""; comment = ""; next }
	instruct && /^#define/ {
		rec("V\tstruct " instruct "\t" q($2) "\t%#llx\t" member "\t" \
			(/MYNIC_BIT|MYNIC_GENMASK|_MASK|0x/ ? "hex" : "dec"),
			"(unsigned long long)" $2)
		next
	}
	instruct && /;/ {
		line = trim($0)
		sub(/;.*/, "", line)
		if (depth == 2) {
			sub(/^\}[ \t]*/, nested " ", line)
			depth = 1
		}
		n = split(line, w, /[ \t]+/)
		member = w[n]
		dim = ""
		if (match(member, /\[.*/)) {
			dim = substr(member, RSTART)
			member = substr(member, 1, RSTART - 1)
		}
		type = w[1]
		for (i = 2; i < n; i++)
			type = type " " w[i]
		if (kind == "struct")
			rec("M\tstruct " instruct "\t%zu\t%zu\t" q(type dim) \
				"\t" member "\t" q(doc[member]),
				"offsetof(struct " instruct ", " member "), " \
				"sizeof(((struct " instruct " *)0)->" member ")")
		else
			print "\t/* " instruct "." member " */"
		if (doc[member] == "")
			rec("E\t" instruct "." member " has no description")
		next
	}
	/^enum mynic_[a-z0-9_]+ \{/ {
		inenum = $2
		private = 0
		kdoc("\n" comment)
		comment = ""
		next
	}
	inenum && /^\}/ { inenum = ""; comment = ""; next }
	inenum && /MYNIC_/ && !private {
		name = trim($0)
		sub(/[ ,=].*/, "", name)
		rec("N\tenum " inenum "\t" (/0x/ ? "0x%02x" : "%u") "\t" name "\t" q(doc[name]), name)
		if (doc[name] == "")
			rec("E\t" inenum "." name " has no description")
		next
	}
	inenum { next }
	# Definitions ----------------------------------------------------
	/^#define[ \t]+MYNIC_ABI_H$/ { comment = ""; next }
	/^#define[ \t]+MYNIC_(BIT|BIT64|GENMASK|GENMASK64)\(/ { next }
	/^#define   MYNIC_/ {
		if (!reg) {
			rec("E\t" $2 " is indented beneath no register")
			next
		}
		# Not named after the register above: shared by its group.
		rec("F\tregister-fields\t" (index($2, "MYNIC_" substr(reg, 11)) ? \
			reg : group) "\t" $2 "\t%#llx\t" \
			(/MYNIC_BIT|MYNIC_GENMASK/ ? "mask" : "value"),
			"(unsigned long long)" $2)
		next
	}
	/^#define[ \t]+MYNIC_(REG|DB)_/ {
		isreg = /MYNIC_REG_/
		regdoc(comment)
		rec("R\t" (isreg ? "registers" : "doorbells") "\t0x%03x\t" \
			$2 "\t" access "\t" q(reset) "\t" q(meaning), $2)
		if (access == "")
			rec("E\t" $2 " lacks \"ACCESS, reset VALUE. Meaning\"")
		reg = isreg ? $2 : ""
		group = group (group == "" ? "" : ", ") reg
		comment = ""
		next
	}
	/^#define[ \t]+MYNIC_F_/ {
		if (comment != "" && single)
			fgroup = "features"
		else if (comment != "")
			fgroup = "features-reserved"
		if (comment == "" && fgroup == "features")
			rec("E\t" $2 " has no description")
		gsub(/\n/, " ", comment)
		rec("B\t" fgroup "\t%d\t" $2 "\t%#llx\t" \
			q(fgroup == "features" ? comment : ""),
			"__builtin_ctzll(" $2 "), (unsigned long long)" $2)
		comment = ""
		next
	}
	/^#define[ \t]+MYNIC_[A-Z0-9_]+\(/ {
		gsub(/\n/, " ", comment)
		value = $0
		sub(/^#define[ \t]+[^ \t]+[ \t]+/, "", value)
		rec("D\t" substr($2, 1, index($2, "(") - 1) "\t" $2 "\t" \
			q(value) "\t" q(comment))
		comment = ""
		next
	}
	/^#define[ \t]+MYNIC_/ {
		# A section title is no description.
		if (comment ~ /^Section "[A-Za-z ]+"( \(BAR [0-9]\))? -*$/)
			comment = ""
		sub(/^Section "[A-Za-z ]+": /, "", comment)
		gsub(/\n/, " ", comment)
		hex = $3 ~ /0x|MYNIC_(BIT|GENMASK)|~/
		rec("D\t" $2 "\t" $2 "\t%" (hex ? "#llx" : "llu") "\t" \
			q(comment), "(unsigned long long)(" $2 ")")
		next
	}
	/^[ \t]*$/ { comment = group = ""; next }
	END { print "\treturn 0;\n}" }
	' "$header"
}

# Turns the records on standard input into simple tables in DIR/*, a file for
# each table, named by its number; DIR/index tells which is which.
records_to_tables()
{
	awk -F '\t' -v dir="$1" '
	# Text of the header as reStructuredText.
	function rst(s,    out, t) {
		gsub(/\|/, "\\|", s)
		out = ""
		while (match(s, /%?MYNIC_[A-Z0-9_]+\*?(\[\])?|@[a-z_0-9]+|struct mynic_[a-z_]+(\[\])?|enum mynic_[a-z_]+|union mynic_[a-z_]+/)) {
			t = substr(s, RSTART, RLENGTH)
			out = out substr(s, 1, RSTART - 1)
			sub(/^[%@]/, "", t)
			sub(/^MYNIC_(F_)?/, "", t)
			out = out "``" t "``"
			s = substr(s, RSTART + RLENGTH)
		}
		return out s
	}
	function short(s) {
		sub(/^MYNIC_(REG_|DB_|F_)?/, "", s)
		return s
	}
	function lit(s) { return "``" s "``" }
	function row(table, a, b, c, d, e, f,    n, i, v) {
		if (!(table in rows))
			order[++tables] = table
		n = ++rows[table]
		v[1] = a; v[2] = b; v[3] = c; v[4] = d; v[5] = e; v[6] = f
		for (i = 1; i <= 6; i++)
			cell[table, n, i] = v[i]
	}
	function bits(mask,    lo, hi) {
		lo = 0
		while (mask % 2 == 0) {
			mask /= 2
			lo++
		}
		hi = lo - 1
		while (mask >= 1) {
			mask = int(mask / 2)
			hi++
		}
		return hi == lo ? lo "" : hi ":" lo
	}
	function hexval(s,    i, v) {
		v = 0
		s = tolower(s)
		sub(/^0x/, "", s)
		for (i = 1; i <= length(s); i++)
			v = v * 16 + index("0123456789abcdef", substr(s, i, 1)) - 1
		return v
	}
	$1 == "E" {
		print "mynic: error: include/mynic_abi.h: " $2 >"/dev/stderr"
		bad = 1
	}
	$1 == "R" { row($2, lit($3), lit(short($4)), $5, rst($6), rst($7)) }
	$1 == "F" {
		name = $4
		reg = $3
		gsub(/MYNIC_REG_/, "", reg)
		gsub(/, /, "``, ``", reg)
		row($2, lit(short(name)), lit(reg), $6 == "mask" ? bits(hexval($5)) : "",
		    $6 == "mask" ? "mask " lit($5) : "value " hexval($5))
	}
	$1 == "B" { row($2, $3, lit(short($4)), rst($6)) }
	$1 == "M" {
		type = $5
		row($2, $3, $4, lit(type), lit($6), rst($7))
	}
	$1 == "V" {
		val = $6 == "hex" ? lit($4) : hexval($4) ""
		row($2 " values", lit(short($3)), val, lit($5))
	}
	$1 == "N" { row($2, $3 ~ /^0x/ ? lit($3) : $3, lit(short($4)), rst($5)) }
	$1 == "D" { row("constant " $2, lit(short($3)), lit($4), rst($5)) }
	function head(table) {
		if (table ~ /^(registers|doorbells)$/)
			return "Offset\tName\tAccess\tReset\tMeaning"
		if (table == "register-fields")
			return "Name\tRegister\tBits\tDefinition"
		if (table ~ /^features/)
			return table ~ /reserved/ ? "Bit\tName" : "Bit\tName\tMeaning"
		if (table ~ / values$/)
			return "Name\tValue\tField"
		if (table ~ /^struct/)
			return "Offset\tSize\tType\tField\tMeaning"
		if (table ~ /^enum/)
			return "Value\tName\tMeaning"
		return "Name\tValue\tMeaning"
	}
	# Breaks TEXT at spaces into part[], at most W wide.
	function wrap(text, w,    n, word, i, k) {
		n = split(text, word, " ")
		k = 0
		split("", part)
		for (i = 1; i <= n; i++) {
			if (k && length(part[k]) + 1 + length(word[i]) <= w)
				part[k] = part[k] " " word[i]
			else
				part[++k] = word[i]
		}
		return k
	}
	function put(file, table, first, last,    h, cols, w, i, r, sep, line,
		     total, k, j) {
		cols = split(head(table), h, "\t")
		for (i = 1; i <= cols; i++) {
			w[i] = length(h[i])
			for (r = first; r <= last; r++)
				if (length(cell[table, r, i]) > w[i])
					w[i] = length(cell[table, r, i])
		}
		# The last column takes what an 80 column line leaves.
		total = 0
		for (i = 1; i < cols; i++)
			total += w[i] + 2
		if (w[cols] + total > 79)
			w[cols] = total < 47 ? 79 - total : 32
		sep = ""
		for (i = 1; i <= cols; i++) {
			line = sprintf("%" w[i] "s", "")
			gsub(/ /, "=", line)
			sep = sep (i > 1 ? "  " : "") line
		}
		print sep >file
		line = ""
		for (i = 1; i < cols; i++)
			line = line sprintf("%-" w[i] "s  ", h[i])
		print line h[cols] >file
		print sep >file
		for (r = first; r <= last; r++) {
			line = ""
			for (i = 1; i < cols; i++) {
				# An empty first column would continue the row above.
				v = cell[table, r, i]
				line = line sprintf("%-" w[i] "s  ", v)
			}
			k = wrap(cell[table, r, cols], w[cols])
			line = line (k ? part[1] : "")
			sub(/ +$/, "", line)
			print line >file
			for (j = 2; j <= k; j++)
				print sprintf("%" total "s", "") part[j] >file
		}
		print sep >file
	}
	END {
		if (bad)
			exit 1
		for (i = 1; i <= tables; i++) {
			t = order[i]
			print t "\t" i "\t" rows[t] >(dir "/index")
			put(dir "/" i, t, 1, rows[t])
			close(dir "/" i)
			# Constants are put together by prefix later on.
			if (t ~ /^constant /)
				print cell[t, 1, 1] "\t" cell[t, 1, 2] "\t" \
					cell[t, 1, 3] >(dir "/constants")
		}
	}'
}

# Prints "NAME VALUE" for the records on standard input.
records_to_values()
{
	awk -F '\t' '
	$1 == "R" { print $4, $3 }
	$1 == "F" { print $4, $5 }
	$1 == "B" { print $4, $5 }
	$1 == "V" { print $3, $4 }
	$1 == "N" { print $4, $3 }
	$1 == "D" && $3 !~ /\(/ { print $3, $4 }'
}

# Prints C for the records on standard input.
records_to_asserts()
{
	echo '#include "mynic_abi.h"'
	awk -F '\t' '$1 == "M" {
		print "_Static_assert(__builtin_offsetof(" $2 ", " $6 ") == " $3 \
			" && sizeof(((" $2 " *)0)->" $6 ") == " $4 ", \"" \
			$2 "." $6 "\");"
	}'
}

# Copies the specification with its tables replaced.
splice()
{
	awk -v dir="$1" -v spec="${spec#"$ABI_ROOT"/}" '
	function fail(s) {
		print "mynic: error: " spec ":" NR ": " s >"/dev/stderr"
		failed = 1
	}
	function copy(name,    l) {
		while ((getline l < (dir "/" number[name])) > 0)
			print l
		shown[name] = 1
	}
	# Definitions starting with one of PREFIXES as one table.
	function constants(prefixes,    n, p, i, j, k, w, c, l, m, word, nw) {
		n = split(prefixes, p, " ")
		w[1] = length("Name")
		w[2] = length("Value")
		m = 0
		for (i = 1; i <= count; i++) {
			for (j = 1; j <= n; j++) {
				if (index(cname[i], p[j]) != 1 || shown["constant " cname[i]])
					continue
				shown["constant " cname[i]] = 1
				pick[++m] = i
				for (k = 1; k <= 2; k++)
					if (length(col[i, k]) > w[k])
						w[k] = length(col[i, k])
				break
			}
		}
		if (!m) {
			fail("no definition left that starts with " prefixes)
			return
		}
		w[3] = 79 - w[1] - w[2] - 4
		l = ""
		for (k = 1; k <= 3; k++) {
			c = sprintf("%" w[k] "s", "")
			gsub(/ /, "=", c)
			l = l (k > 1 ? "  " : "") c
		}
		print l
		printf "%-" w[1] "s  %-" w[2] "s  %s\n", "Name", "Value", "Meaning"
		print l
		for (i = 1; i <= m; i++) {
			nw = split(col[pick[i], 3], word, " ")
			# One comment above several definitions.
			if (i > 1 && col[pick[i], 3] == col[pick[i - 1], 3])
				nw = 0
			c = sprintf("%-" w[1] "s  %-" w[2] "s", col[pick[i], 1],
				    col[pick[i], 2])
			k = length(c)
			c = c "  "
			for (j = 1; j <= nw; j++) {
				if (length(c) + length(word[j]) > 79) {
					sub(/ +$/, "", c)
					print c
					c = sprintf("%" (k + 2) "s", "")
				}
				c = c word[j] " "
			}
			sub(/ +$/, "", c)
			print c
		}
		print l
	}
	BEGIN {
		while ((getline l < (dir "/index")) > 0) {
			split(l, f, "\t")
			number[f[1]] = f[2]
			if (f[1] ~ /^constant /)
				cname[++count] = substr(f[1], 10)
		}
		i = 0
		while ((getline l < (dir "/constants")) > 0) {
			i++
			split(l, f, "\t")
			for (k = 1; k <= 3; k++)
				col[i, k] = f[k]
		}
	}
	/^\.\. begin-generated / {
		print
		print ""
		table = $0
		sub(/^\.\. begin-generated /, "", table)
		if (table ~ /^constants /)
			constants(substr(table, 11))
		else if (!(table in number))
			fail("the header has nothing for the table \"" table "\"")
		else {
			copy(table)
			if ((table " values") in number) {
				print ""
				copy(table " values")
			}
		}
		print ""
		skipping = NR
		next
	}
	/^\.\. end-generated$/ {
		if (!skipping)
			fail("end-generated without begin-generated")
		skipping = 0
	}
	!skipping { print }
	END {
		if (skipping) {
			NR = skipping
			fail("begin-generated without end-generated")
		}
		for (name in number)
			if (!shown[name]) {
				failed = 1
				print "mynic: error: " spec " shows no table for \"" \
					name "\" of the header" >"/dev/stderr"
			}
		exit failed
	}' "$spec"
}

mode=${1:-}
case $mode in
'' | --stdout | --values | --asserts) ;;
*)
	die "\"$mode\" is not understood" \
	    "usage: scripts/gen-abi.sh [--stdout|--values|--asserts]"
	;;
esac
[ -f "$header" ] || die "there is no $header"

header_to_c >"$tmp/tables.c"
"${CC:-gcc}" -Wall -I "$ABI_ROOT/include" -o "$tmp/tables" "$tmp/tables.c"
"$tmp/tables" >"$tmp/records"

case $mode in
--values)
	records_to_values <"$tmp/records"
	exit
	;;
--asserts)
	records_to_asserts <"$tmp/records"
	exit
	;;
esac

[ -f "$spec" ] || die "there is no $spec"
mkdir "$tmp/out"
records_to_tables "$tmp/out" <"$tmp/records"
splice "$tmp/out" >"$tmp/spec"
if [ "$mode" = --stdout ]; then
	cat "$tmp/spec"
elif ! cmp -s "$tmp/spec" "$spec"; then
	cat "$tmp/spec" >"$spec"
	say "tables of ${spec#"$ABI_ROOT"/} rewritten"
fi
