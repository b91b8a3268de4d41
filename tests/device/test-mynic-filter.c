/*
 * Unit tests: receive filter of mynic
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "mynic_filter.h"

#include "net/net.h"

/*
 * The CRC of Ethernet in the form that its standard gives: long division of
 * the bits as they travel, first 32 complemented. Stands in for QEMU's, which
 * lives in a file that needs all of the net layer; the qtests use that one.
 */
uint32_t net_crc32(const uint8_t *p, int len)
{
    uint32_t crc = ~0u;
    int i;

    for (i = 0; i < len * 8; i++) {
        bool bit = p[i / 8] >> i % 8 & 1;
        bool out = crc >> 31;

        crc = crc << 1 ^ (bit != out ? 0x04c11db7 : 0);
    }
    return crc;
}

static const uint8_t station[6] = { 0x52, 0x54, 0, 1, 2, 3 };
static const uint8_t other[6] = { 0x52, 0x54, 0, 1, 2, 4 };
static const uint8_t group[6] = { 0x01, 0, 0x5e, 0, 0, 0xfb };
static const uint8_t group2[6] = { 0x33, 0x33, 0, 0, 0, 1 };
static const uint8_t everybody[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

static MynicFilter filter_with(uint16_t flags)
{
    MynicFilter f;

    mynic_filter_reset(&f, station);
    f.flags = flags;
    return f;
}

static MynicFilterResult check(const MynicFilter *f, const uint8_t *dst)
{
    g_autofree uint8_t *hdr = g_malloc0(ETH_HLEN);

    memcpy(hdr, dst, 6);
    stw_be_p(hdr + 12, ETH_P_IP);
    return mynic_filter_check(f, false, hdr, ETH_HLEN);
}

static void test_flags(void)
{
    static const struct {
        uint16_t flags;
        bool station, other, group, everybody;
    } rows[] = {
        { 0, true, false, false, false },
        { MYNIC_RX_FILTER_BROADCAST, true, false, false, true },
        { MYNIC_RX_FILTER_ALLMULTI, true, false, true, false },
        { MYNIC_RX_FILTER_PROMISC, true, true, true, true },
    };
    guint i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        MynicFilter f = filter_with(rows[i].flags | MYNIC_RX_FILTER_ENABLE);

#define WANT(x) (rows[i].x ? MYNIC_FILTER_PASS : MYNIC_FILTER_ADDRESS)
        g_assert_cmpint(check(&f, station), ==, WANT(station));
        g_assert_cmpint(check(&f, other), ==, WANT(other));
        g_assert_cmpint(check(&f, group), ==, WANT(group));
        g_assert_cmpint(check(&f, everybody), ==, WANT(everybody));
#undef WANT
        f.flags = rows[i].flags;
        g_assert_cmpint(check(&f, station), ==, MYNIC_FILTER_DISABLED);
    }
}

static void test_list(void)
{
    MynicFilter f = filter_with(MYNIC_RX_FILTER_ENABLE);

    memcpy(f.macs[0], group, 6);
    memcpy(f.macs[1], other, 6);
    f.count = 1;
    g_assert_cmpint(check(&f, group), ==, MYNIC_FILTER_PASS);
    g_assert_cmpint(check(&f, group2), ==, MYNIC_FILTER_ADDRESS);
    g_assert_cmpint(check(&f, other), ==, MYNIC_FILTER_ADDRESS);
    f.count = 2;
    g_assert_cmpint(check(&f, other), ==, MYNIC_FILTER_PASS);
    memcpy(f.macs[1], everybody, 6);
    g_assert_cmpint(check(&f, everybody), ==, MYNIC_FILTER_PASS);
}

static void test_hash(void)
{
    MynicFilter f = filter_with(MYNIC_RX_FILTER_ENABLE);
    guint bit;

    for (bit = 0; bit < 64; bit++) {
        f.hash = 1ull << bit;
        g_assert_cmpint(check(&f, group) == MYNIC_FILTER_PASS, ==,
                        bit == net_crc32(group, 6) >> 26);
        g_assert_cmpint(check(&f, group2) == MYNIC_FILTER_PASS, ==,
                        bit == net_crc32(group2, 6) >> 26);
    }
    f.hash = ~0ull;
    g_assert_cmpint(check(&f, group), ==, MYNIC_FILTER_PASS);
    g_assert_cmpint(check(&f, other), ==, MYNIC_FILTER_ADDRESS);
    g_assert_cmpint(check(&f, everybody), ==, MYNIC_FILTER_ADDRESS);
}

static MynicFilterResult check_tag(const MynicFilter *f, bool on,
                                   uint16_t tpid, uint16_t tci, size_t len)
{
    g_autofree uint8_t *hdr = g_malloc0(MYNIC_FILTER_HDR_LEN);
    g_autofree uint8_t *exact = NULL;

    memcpy(hdr, station, 6);
    stw_be_p(hdr + 12, tpid);
    stw_be_p(hdr + 14, tci);
    exact = g_memdup2(hdr, len);
    return mynic_filter_check(f, on, exact, len);
}

static void test_vlan(void)
{
    MynicFilter f = filter_with(MYNIC_RX_FILTER_ENABLE |
                                MYNIC_RX_FILTER_PROMISC);
    uint8_t bitmap[MYNIC_VLAN_BITMAP_SIZE] = {};
    guint vid;

    bitmap[100 / 8] = 1 << 100 % 8;
    bitmap[4095 / 8] |= 0x80;
    g_assert_cmpint(mynic_filter_set_vlan(&f, bitmap, sizeof(bitmap)), ==,
                    MYNIC_OK);
    for (vid = 0; vid < 4096; vid++) {
        bool pass = vid == 0 || vid == 100 || vid == 4095;

        g_assert_cmpint(check_tag(&f, true, ETH_P_VLAN, 0xe000 | vid, 18),
                        ==, pass ? MYNIC_FILTER_PASS : MYNIC_FILTER_VLAN);
        g_assert_cmpint(check_tag(&f, false, ETH_P_VLAN, vid, 18),
                        ==, MYNIC_FILTER_PASS);
    }
    g_assert_cmpint(check_tag(&f, true, ETH_P_DVLAN, 5, 18), ==,
                    MYNIC_FILTER_PASS);
    g_assert_cmpint(check_tag(&f, true, ETH_P_IP, 5, 14), ==,
                    MYNIC_FILTER_PASS);
    g_assert_cmpint(check_tag(&f, true, ETH_P_VLAN, 5, 17), ==,
                    MYNIC_FILTER_MALFORMED);
    g_assert_cmpint(check_tag(&f, true, ETH_P_IP, 5, 13), ==,
                    MYNIC_FILTER_MALFORMED);
    g_assert_cmpint(mynic_filter_set_vlan(&f, bitmap, 511), ==,
                    MYNIC_ERR_LENGTH);
}

static void test_set(void)
{
    MynicFilter f = filter_with(MYNIC_RX_FILTER_ENABLE), before = f;
    struct mynic_mac_entry macs[MYNIC_FILTER_MACS_MAX + 1] = {};
    struct mynic_cmd_rx_filter cmd = {};

#define REFUSE(change, undo, len, status)                               \
    do {                                                                \
        change;                                                         \
        g_assert_cmpint(mynic_filter_set(&f, &cmd, macs, len), ==,      \
                        status);                                        \
        g_assert_cmpmem(&f, sizeof(f), &before, sizeof(before));        \
        undo;                                                           \
    } while (0)

    REFUSE(cmd.flags = cpu_to_le16(0x10), cmd.flags = 0, 0,
           MYNIC_ERR_PARAM);
    REFUSE(cmd.reserved = 1, cmd.reserved = 0, 0, MYNIC_ERR_PARAM);
    REFUSE(cmd.reserved2[5] = 1, cmd.reserved2[5] = 0, 0, MYNIC_ERR_PARAM);
    REFUSE(cmd.count = cpu_to_le16(MYNIC_FILTER_MACS_MAX + 1), (void)0,
           sizeof(macs), MYNIC_ERR_PARAM);
    REFUSE(cmd.count = cpu_to_le16(2), (void)0, 15, MYNIC_ERR_LENGTH);
    REFUSE(macs[1].reserved[1] = 1, macs[1].reserved[1] = 0, 16,
           MYNIC_ERR_PARAM);
#undef REFUSE

    memcpy(macs[1].addr, group, 6);
    cmd.flags = cpu_to_le16(MYNIC_RX_FILTER_ENABLE |
                            MYNIC_RX_FILTER_BROADCAST);
    cmd.hash = cpu_to_le64(0x8000000000000001ull);
    g_assert_cmpint(mynic_filter_set(&f, &cmd, macs, 16), ==, MYNIC_OK);
    g_assert_cmpint(f.count, ==, 2);
    g_assert_cmphex(f.hash, ==, 0x8000000000000001ull);
    g_assert_cmpmem(f.macs[1], 6, group, 6);
    g_assert_cmpmem(f.station, 6, station, 6);
    g_assert_true(mynic_filter_valid(&f));
    f.count = MYNIC_FILTER_MACS_MAX + 1;
    g_assert_false(mynic_filter_valid(&f));
}

static void test_station(void)
{
    MynicFilter f = filter_with(MYNIC_RX_FILTER_ENABLE);
    struct mynic_cmd_mac cmd = {};

    g_assert_cmpint(mynic_filter_set_station(&f, &cmd), ==, MYNIC_ERR_PARAM);
    memcpy(cmd.addr, group, 6);
    g_assert_cmpint(mynic_filter_set_station(&f, &cmd), ==, MYNIC_ERR_PARAM);
    memcpy(cmd.addr, other, 6);
    cmd.reserved[33] = 1;
    g_assert_cmpint(mynic_filter_set_station(&f, &cmd), ==, MYNIC_ERR_PARAM);
    g_assert_cmpint(check(&f, station), ==, MYNIC_FILTER_PASS);
    cmd.reserved[33] = 0;
    g_assert_cmpint(mynic_filter_set_station(&f, &cmd), ==, MYNIC_OK);
    g_assert_cmpint(check(&f, station), ==, MYNIC_FILTER_ADDRESS);
    g_assert_cmpint(check(&f, other), ==, MYNIC_FILTER_PASS);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mynic/filter/flags", test_flags);
    g_test_add_func("/mynic/filter/list", test_list);
    g_test_add_func("/mynic/filter/hash", test_hash);
    g_test_add_func("/mynic/filter/vlan", test_vlan);
    g_test_add_func("/mynic/filter/set", test_set);
    g_test_add_func("/mynic/filter/station", test_station);
    return g_test_run();
}
