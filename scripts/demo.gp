# The plot of "make demo", from the files that scripts/demo.sh writes.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Called as: gnuplot -e "dir='...'; queues=N; streams=N; what='...'" demo.gp

set terminal svg size 1120,840 dynamic enhanced font "Helvetica,15" \
	background "white"
set output dir."/report.svg"

blue = "#3465a4"
orange = "#f57900"
grey = "#888a85"
set style fill solid 0.9 noborder
set style data histogram
set style histogram clustered gap 1
set boxwidth 0.92
set border 3 lc rgb grey
set tics nomirror out textcolor rgb "#2e3436"
set grid ytics lc rgb "#d3d7cf" lt 1 lw 0.6
set key at graph 0.02,0.99 left top Left reverse samplen 1.5 spacing 1.15
set multiplot layout 2,2 margins 0.08,0.97,0.08,0.86 spacing 0.13,0.17 \
	title "{/:Bold mynic}: ".what."\n" font ",18"

# Room for the key above what is drawn.
head3 = "set offsets 0,0,graph 0.35,0"
head4 = "set offsets 0,0,graph 0.45,0"

set title sprintf("%d TCP streams", streams) font ",16"
set ylabel "Gb/s" offset 1.5
set yrange [0:*]
set xrange [-0.6:1.6]
@head3
plot dir."/rate.dat" using 2:xtic(1) title "1 queue" lc rgb grey, \
	"" using 3 title sprintf("%d queues", queues) lc rgb blue, \
	"" using ($0-0.17):2:(sprintf("%.2f", $2)) with labels offset 0,0.7 \
		font ",13" notitle, \
	"" using ($0+0.17):3:(sprintf("%.2f", $3)) with labels offset 0,0.7 \
		font ",13" notitle

set title sprintf("Packets of each queue, %d queues", queues)
set ylabel "share of the packets, %"
set xlabel "queue" offset 0,0.5
set xrange [-0.6:queues-0.4]
plot dir."/share.dat" using 2:xtic(1) title "to the host" lc rgb blue, \
	"" using 3 title "from the host" lc rgb orange

set title "ethtool -L while the streams run"
set xlabel "seconds" offset 0,0.5
set ylabel "Gb/s" offset 1.5
set y2label "queues in use" offset -1.5 textcolor rgb orange
set y2range [0:queues*2.5]
set y2tics 1,1,queues textcolor rgb orange
set xrange [0:*]
@head4
plot dir."/channels.dat" using 1:2 axes x1y2 with steps lw 2.5 \
		lc rgb orange title "queues in use", \
	dir."/live.dat" using 1:($2/1000) with lines lw 2.5 lc rgb blue \
		title "TCP to the host"

unset y2tics
unset y2label
set title "ethtool -X: spread of 128 received streams"
set xlabel "queue" offset 0,0.5
set ylabel "share of the packets, %"
set xrange [-0.6:queues-0.4]
plot dir."/spread.dat" using 2:xtic(1) title "equal" lc rgb grey, \
	"" using 3 title "weight" lc rgb blue, \
	"" using ($0+0.17):4 with points pt 2 ps 1.2 lw 2.5 lc rgb orange \
		title "weight asked for"
unset multiplot
