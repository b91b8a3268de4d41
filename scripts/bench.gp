# The plots of "make bench", from the files that scripts/bench-plots.sh writes.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Called as: gnuplot -e "dir='...'; what='...'; cards='A B C'" bench.gp

set terminal svg size 1280,960 dynamic enhanced font "Helvetica,14" \
	background "white"

colour(i) = word("#3465a4 #f57900 #73d216 #75507b #c17d11", i)
set style fill solid 0.9 border rgb "#2e3436"
set border 3 lc rgb "#888a85"
set tics nomirror out textcolor rgb "#2e3436"
set grid ytics lc rgb "#d3d7cf" lt 1 lw 0.6
set key outside top center horizontal Left reverse samplen 1.5
set datafile missing "-"
n = words(cards)

# Bars side by side, whiskers from the lowest to the highest.
set style data histogram
set style histogram errorbars gap 1 lw 1
set boxwidth 0.9
set xtics rotate by -30

do for [plot in "rates work"] {
	set output dir."/".plot.".svg"
	set multiplot layout 2,2 title "{/:Bold mynic} beside QEMU's other cards, ".what font ",16"
	do for [k = 1:4] {
		panel = word("streams transactions packets iommu", k)
		file = dir."/".plot."-".panel.".dat"
		if (system("grep -q '[0-9]$' ".file." 2>/dev/null && echo 1") eq "1") {
			set title system("head -n 1 ".file." | cut -c 3-")
			set yrange [0:*]
			plot for [i = 1:n] file \
				using (column(3*i-1)):(column(3*i)):(column(3*i+1)):xtic(1) \
				title word(cards, i) lc rgb colour(i)
		}
	}
	unset multiplot
}

# Growth: lines with points.
unset xtics
set xtics nomirror
set output dir."/growth.svg"
set style data linespoints
set logscale x 2
set multiplot layout 3,3 title "How things grow, ".what font ",16"
do for [k = 1:9] {
	file = sprintf("%s/growth-%d.dat", dir, k)
	if (system("test -s ".file." && echo 1") eq "1") {
		set title system("head -n 1 ".file." | cut -c 3-")
		set yrange [0:*]
		plot for [i = 1:n] file using 1:(column(i+1)) \
			title word(cards, i) lc rgb colour(i) pt 7 ps 0.6 lw 2
	}
}
unset multiplot
