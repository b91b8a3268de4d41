# SPDX-License-Identifier: GPL-2.0-or-later
# Of the output of one file of the kernel's driver tests: RESULT<tab>CASE<tab>REASON.
#
# awk -v file=hw/tso.py -v end="STATUS SECONDS" -f cases.awk FILE.log FILE.dmesg
#
# Python tests print KTAP, shell tests "TEST: NAME  [ OK ]".  A file without
# cases is one case by its status.  A complaint of the kernel is a failed case,
# and so is a file that ended before it told of all its cases.

function tell(result, name, reason)
{
	gsub(/\t/, " ", reason)
	printf "%s\t%s\t%s\n", result, name, reason
	n++
}

BEGIN {
	split(end, ended, " ")
	# What debugging kernels say when a driver is wrong.  Failures that were
	# asked for come with a trace, too, and are none.
	complaint = "WARNING: |BUG: |Oops|KASAN: |UBSAN: |DMA-API: |possible .* lock" \
		"|inconsistent lock|suspicious RCU|INFO: (task|rcu)|refcount_t: " \
		"|NETDEV WATCHDOG|general protection|kmemleak: [1-9]"
	base = file
	sub(/^hw\//, "", base)
	sub(/\.(py|sh)$/, "", base)
}

FNR == 1 { part++ }

part == 1 && /^[0-9]+\.\.[0-9]+$/ {
	split($0, plan, /\.\./)
	planned += plan[2]
	next
}

part == 1 && /^(not )?ok [0-9]+/ {
	bad = /^not /
	name = $0
	sub(/^(not )?ok [0-9]+ (- )?/, "", name)
	reason = ""
	if (match(name, / *# */)) {
		reason = substr(name, RSTART + RLENGTH)
		name = substr(name, 1, RSTART - 1)
	}
	sub("^" base "\\.", "", name)
	result = bad ? "fail" : "pass"
	if (reason ~ /^SKIP/)
		result = "skip"
	else if (reason ~ /^XFAIL/)
		result = "xfail"
	if (result == "skip" || result == "xfail")
		sub(/^[A-Z]+ */, "", reason)
	if (result == "fail")
		reason = reason (reason == "" ? "" : "; ") said
	tell(result, name, reason)
	said = ""
	next
}

part == 1 && /^TEST: / {
	name = $0
	sub(/^TEST: */, "", name)
	result = "fail"
	if (match(name, / *\[ *(OK|FAIL|SKIP|XFAIL|XPASS) *\]/)) {
		word = substr(name, RSTART, RLENGTH)
		reason = substr(name, RSTART + RLENGTH)
		name = substr(name, 1, RSTART - 1)
		result = word ~ /OK/ ? "pass" : word ~ /SKIP/ ? "skip" : \
			word ~ /XFAIL/ ? "xfail" : "fail"
	}
	tell(result, name, reason)
	next
}

# The last of what a case said before its result: the exception, mostly.
part == 1 && /^# (Check|Exception)\| / {
	line = $0
	sub(/^# (Check|Exception)\| */, "", line)
	if (line != "" && line !~ /^(At|File|Traceback|\^)/)
		said = line
}

part == 1 && /^SKIP: |^# SKIP / { whole = $0 }
part == 1 && NF { last = $0 }

part > 1 && $0 ~ complaint && !complained {
	line = $0
	sub(/^\[[ 0-9.]+\] */, "", line)
	tell("fail", "kernel", line)
	n--
	complained = 1
}

END {
	if (ended[1] == "")
		tell("fail", n ? "end" : base, "the guest ended before the file did")
	else if (ended[1] == 124 || ended[1] == 137)
		tell("fail", n ? "end" : base, "ended after " ended[2] " s: " last)
	else if (n < planned)
		tell("fail", n ? "end" : base,
		     n " of " planned " cases told, status " ended[1] ": " last)
	else if (!n && ended[1] == 0)
		tell("pass", base, "")
	else if (!n && ended[1] == 4)
		tell("skip", base, whole != "" ? whole : last)
	else if (!n)
		tell("fail", base, "status " ended[1] ": " last)
}
