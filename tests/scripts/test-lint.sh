#!/bin/bash
# Tests scripts/lint.sh: each check fails when a file breaks its rule.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The checks that need a kernel's or QEMU's tools are not broken here: the
# tools are tested by their own projects.  That lint.sh heeds what they say is
# seen by the exceptions, which would be useless otherwise.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# A copy of the least that lint.sh accepts, in $T/copy.
copy()
{
	mkdir -p "$T"/copy/{scripts,driver,docs}
	{
		echo "# Findings that are meant to be."
		echo "# SPDX-License-Identifier: GPL-2.0-or-later"
	} >"$T/copy/scripts/lint-exceptions"
	{
		echo "#!/bin/bash"
		echo "# Does nothing."
		echo "# SPDX-License-Identifier: GPL-2.0-or-later"
		echo ":"
	} >"$T/copy/scripts/good.sh"
	chmod +x "$T/copy/scripts/good.sh"
}

lint()
{
	LINT_ROOT=$T/copy "$ROOT/scripts/lint.sh" "$@"
}

# broken CHECK TEXT: CHECK fails and says TEXT.
broken()
{
	fails lint "$1"
	says "$2"
	says "0 passed, 1 failed, 0 skipped"
}

test_a_good_tree_passes()
{
	copy
	lint shellcheck licence length "white space" "say what" mode render \
		"refer to" "names of machines"
}

test_shellcheck()
{
	copy
	# shellcheck disable=SC2016 # goes into the script
	echo 'rm $1' >>"$T/copy/scripts/good.sh"
	broken shellcheck "scripts/good.sh:5"
}

test_python()
{
	copy
	echo 'def f(:' >"$T/copy/scripts/bad.py"
	broken Python "scripts/bad.py:1"
}

test_licence_missing()
{
	copy
	echo "int x;" >"$T/copy/driver/x.c"
	broken licence 'driver/x.c: SPDX-License-Identifier is ""'
}

test_licence_of_another_part()
{
	copy
	echo "/* SPDX-License-Identifier: GPL-2.0-or-later */" >"$T/copy/driver/x.c"
	broken licence 'driver/x.c: SPDX-License-Identifier is "GPL-2.0-or-later"'
}

test_length()
{
	copy
	seq 901 >"$T/copy/driver/x.c"
	broken length "driver/x.c: 901 lines"
}

test_exception_with_nothing_to_except()
{
	copy
	echo 'length | ^driver/y\.c: | gone long ago' \
		>>"$T/copy/scripts/lint-exceptions"
	broken length "nothing matches any more"
}

test_exception_is_heeded()
{
	copy
	seq 901 >"$T/copy/driver/x.c"
	echo 'length | ^driver/x\.c: | a test' >>"$T/copy/scripts/lint-exceptions"
	lint length
}

test_white_space()
{
	copy
	printf 'a \nb' >"$T/copy/driver/x.c"
	broken "white space" "driver/x.c:1: white space at the end"
	says "driver/x.c: no newline at the end"
}

test_second_line()
{
	copy
	sed -i 2d "$T/copy/scripts/good.sh"
	broken "say what" "scripts/good.sh:2"
}

test_mode()
{
	copy
	chmod -x "$T/copy/scripts/good.sh"
	broken mode "scripts/good.sh: has #! but is not executable"
}

test_documents()
{
	copy
	printf 'A long title\n=====\n\ntext\n' >"$T/copy/docs/x.rst"
	broken render "docs/x.rst:"
}

test_links()
{
	copy
	# shellcheck disable=SC2016 # a quote of Markdown
	echo 'See [this](no.md) and `driver/no.c`.' >"$T/copy/docs/x.md"
	broken "refer to" "refers to no.md"
	says "names driver/no.c"
}

test_file_table()
{
	copy
	# shellcheck disable=SC2016 # a quote of Markdown
	printf '## Files\n`scripts/*` `docs/architecture.md`\n' \
		>"$T/copy/docs/architecture.md"
	lint "file table"
	echo >"$T/copy/driver/x.c"
	broken "file table" "no place for driver/x.c"
}

test_names_of_machines()
{
	copy
	# In two parts, since this file is checked too.
	echo "cd /ro""ot/x" >>"$T/copy/scripts/good.sh"
	broken "names of machines" "scripts/good.sh:5"
}

test_no_such_check()
{
	copy
	fails lint "no check like this"
	says 'no check has "no check like this" in its name'
}

run_tests "$@"
