/*
 * Unit tests: what mynic remembers of an IOMMU's translations
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "mynic_iotlb.h"

#define PAGE MYNIC_IOTLB_PAGE
#define ENTRIES 16
/* The last page of the address space. */
#define LAST (0 - PAGE)

#define READ false
#define WRITE true

typedef struct Fixture {
    MynicIotlb tlb;
} Fixture;

static void set_up(Fixture *f, gconstpointer data)
{
    mynic_iotlb_init(&f->tlb, ENTRIES);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    mynic_iotlb_destroy(&f->tlb);
    g_assert_null(f->tlb.entries);
}

static bool known(Fixture *f, uint64_t iova, bool write)
{
    uint64_t gpa;

    return mynic_iotlb_get(&f->tlb, iova, write, &gpa);
}

static void assert_unknown(Fixture *f, uint64_t iova)
{
    g_assert_false(known(f, iova, READ));
    g_assert_false(known(f, iova, WRITE));
}

static uint64_t get(Fixture *f, uint64_t iova, bool write)
{
    uint64_t gpa;

    g_assert_true(mynic_iotlb_get(&f->tlb, iova, write, &gpa));
    return gpa;
}

static void put(Fixture *f, uint64_t iova, uint64_t gpa)
{
    mynic_iotlb_put(&f->tlb, iova, READ, gpa);
    mynic_iotlb_put(&f->tlb, iova, WRITE, gpa);
}

/* Pages from an IOVA on, as many as there are entries. */
static void fill(Fixture *f, uint64_t iova)
{
    unsigned int i;

    for (i = 0; i < ENTRIES; i++) {
        put(f, iova + i * PAGE, (100 + i) * PAGE);
    }
}

/* Of these only those with a bit in the mask are left. */
static void assert_left(Fixture *f, uint64_t iova, unsigned int mask)
{
    unsigned int i;

    for (i = 0; i < ENTRIES; i++) {
        g_assert_cmpint(known(f, iova + i * PAGE, READ), ==, mask >> i & 1);
        g_assert_cmpint(known(f, iova + i * PAGE, WRITE), ==, mask >> i & 1);
        if (mask >> i & 1) {
            g_assert_cmphex(get(f, iova + i * PAGE, READ), ==,
                            (100 + i) * PAGE);
        }
    }
}

/* At first nothing is known, of the page that reads as zeroes neither. */
static void test_empty(Fixture *f, gconstpointer data)
{
    unsigned int i;

    for (i = 0; i < 2 * ENTRIES; i++) {
        assert_unknown(f, i * PAGE);
        assert_unknown(f, LAST - i * PAGE);
    }
    mynic_iotlb_drop(&f->tlb, 0, PAGE);
    assert_unknown(f, 0);
}

static void test_rights(Fixture *f, gconstpointer data)
{
    mynic_iotlb_put(&f->tlb, 3 * PAGE, READ, 7 * PAGE);
    mynic_iotlb_put(&f->tlb, 4 * PAGE, WRITE, 8 * PAGE);
    g_assert_cmphex(get(f, 3 * PAGE, READ), ==, 7 * PAGE);
    g_assert_false(known(f, 3 * PAGE, WRITE));
    g_assert_cmphex(get(f, 4 * PAGE, WRITE), ==, 8 * PAGE);
    g_assert_false(known(f, 4 * PAGE, READ));
    /* The second is added to the first. */
    mynic_iotlb_put(&f->tlb, 3 * PAGE, WRITE, 7 * PAGE);
    g_assert_cmphex(get(f, 3 * PAGE, READ), ==, 7 * PAGE);
    g_assert_cmphex(get(f, 3 * PAGE, WRITE), ==, 7 * PAGE);
    /* And none comes back with what was dropped. */
    mynic_iotlb_drop(&f->tlb, 3 * PAGE, PAGE);
    mynic_iotlb_put(&f->tlb, 3 * PAGE, READ, 7 * PAGE);
    g_assert_false(known(f, 3 * PAGE, WRITE));
}

/* What was allowed at the former place is not at the new one. */
static void test_moved(Fixture *f, gconstpointer data)
{
    put(f, 5 * PAGE, 9 * PAGE);
    mynic_iotlb_put(&f->tlb, 5 * PAGE, READ, 10 * PAGE);
    g_assert_cmphex(get(f, 5 * PAGE, READ), ==, 10 * PAGE);
    g_assert_false(known(f, 5 * PAGE, WRITE));
    put(f, 5 * PAGE, 9 * PAGE);
    mynic_iotlb_put(&f->tlb, 5 * PAGE, WRITE, 0);
    g_assert_cmphex(get(f, 5 * PAGE, WRITE), ==, 0);
    g_assert_false(known(f, 5 * PAGE, READ));
}

/* Two pages whose numbers differ by the number of entries. */
static void test_replaced(Fixture *f, gconstpointer data)
{
    uint64_t one = 6 * PAGE, other = one + ENTRIES * PAGE;

    put(f, one, 9 * PAGE);
    assert_unknown(f, other);
    /* The same place in memory is no reason to mix them up. */
    mynic_iotlb_put(&f->tlb, other, READ, 9 * PAGE);
    assert_unknown(f, one);
    g_assert_cmphex(get(f, other, READ), ==, 9 * PAGE);
    g_assert_false(known(f, other, WRITE));
    /* Nor does the drop of one hit the other. */
    mynic_iotlb_drop(&f->tlb, one, PAGE);
    g_assert_cmphex(get(f, other, READ), ==, 9 * PAGE);
    /* Neighbours have entries of their own. */
    put(f, other + PAGE, 11 * PAGE);
    put(f, other - PAGE, 12 * PAGE);
    g_assert_cmphex(get(f, other, READ), ==, 9 * PAGE);
}

static void test_offsets(Fixture *f, gconstpointer data)
{
    mynic_iotlb_put(&f->tlb, 3 * PAGE + 0x123, READ, 7 * PAGE + 0x123);
    g_assert_cmphex(get(f, 3 * PAGE, READ), ==, 7 * PAGE);
    g_assert_cmphex(get(f, 3 * PAGE + 1, READ), ==, 7 * PAGE + 1);
    g_assert_cmphex(get(f, 4 * PAGE - 1, READ), ==, 8 * PAGE - 1);
    assert_unknown(f, 4 * PAGE);
    assert_unknown(f, 3 * PAGE - 1);
    /* Another place in the same page is the same page. */
    mynic_iotlb_put(&f->tlb, 3 * PAGE + 0xfff, WRITE, 7 * PAGE + 0xfff);
    g_assert_cmphex(get(f, 3 * PAGE + 2, READ), ==, 7 * PAGE + 2);
    g_assert_cmphex(get(f, 3 * PAGE + 2, WRITE), ==, 7 * PAGE + 2);
    /* All of a page goes with any byte of it. */
    mynic_iotlb_drop(&f->tlb, 3 * PAGE + 0x800, 1);
    assert_unknown(f, 3 * PAGE);
}

static void test_ends(Fixture *f, gconstpointer data)
{
    put(f, 0, 7 * PAGE);
    put(f, LAST, 8 * PAGE);
    g_assert_cmphex(get(f, 0, READ), ==, 7 * PAGE);
    g_assert_cmphex(get(f, 0, WRITE), ==, 7 * PAGE);
    g_assert_cmphex(get(f, UINT64_MAX, READ), ==, 9 * PAGE - 1);
    g_assert_cmphex(get(f, UINT64_MAX, WRITE), ==, 9 * PAGE - 1);
    mynic_iotlb_drop(&f->tlb, LAST, PAGE);
    assert_unknown(f, LAST);
    g_assert_cmphex(get(f, 0, READ), ==, 7 * PAGE);
    put(f, LAST, 8 * PAGE);
    mynic_iotlb_drop(&f->tlb, 0, PAGE);
    assert_unknown(f, 0);
    g_assert_cmphex(get(f, LAST, READ), ==, 8 * PAGE);
    /* And where it lies in memory. */
    put(f, PAGE, LAST);
    g_assert_cmphex(get(f, 2 * PAGE - 1, READ), ==, UINT64_MAX);
}

static void test_drop_range(Fixture *f, gconstpointer data)
{
    /* Where the index is 0, and where it wraps within the range. */
    static const uint64_t starts[] = {
        0, 5 * PAGE, (1000 * ENTRIES + 13) * PAGE, LAST - (ENTRIES - 1) * PAGE,
    };
    unsigned int i;

    for (i = 0; i < G_N_ELEMENTS(starts); i++) {
        uint64_t at = starts[i];

        fill(f, at);
        assert_left(f, at, 0xffff);
        mynic_iotlb_drop(&f->tlb, at + 7 * PAGE, PAGE);
        assert_left(f, at, 0xff7f);
        fill(f, at);
        mynic_iotlb_drop(&f->tlb, at + 2 * PAGE, 9 * PAGE);
        assert_left(f, at, 0xf803);
        /* From within a page to within another. */
        fill(f, at);
        mynic_iotlb_drop(&f->tlb, at + 3 * PAGE - 1, 2);
        assert_left(f, at, 0xfff3);
        fill(f, at);
        mynic_iotlb_drop(&f->tlb, at, (ENTRIES - 1) * PAGE);
        assert_left(f, at, 0x8000);
        fill(f, at);
        mynic_iotlb_drop(&f->tlb, at, ENTRIES * PAGE);
        assert_left(f, at, 0);
    }
}

/* Ranges longer than the cache, by any number of pages. */
static void test_drop_long(Fixture *f, gconstpointer data)
{
    const uint64_t at = 1003 * PAGE;
    unsigned int n;

    for (n = ENTRIES; n <= 4 * ENTRIES; n++) {
        fill(f, at);
        mynic_iotlb_drop(&f->tlb, at, n * PAGE);
        assert_left(f, at, 0);
        fill(f, at);
        mynic_iotlb_drop(&f->tlb, at - (n - ENTRIES) * PAGE, n * PAGE);
        assert_left(f, at, 0);
    }
    fill(f, at);
    mynic_iotlb_drop(&f->tlb, 0, 1ULL << 39);
    assert_left(f, at, 0);
}

static void test_drop_all(Fixture *f, gconstpointer data)
{
    /* A mask of all ones, as IOMMUTLBEntry has it, and one more: no bytes. */
    const uint64_t mask = UINT64_MAX;

    fill(f, 0);
    mynic_iotlb_drop(&f->tlb, 0, 0);
    assert_left(f, 0, 0);
    fill(f, LAST - (ENTRIES - 1) * PAGE);
    mynic_iotlb_drop(&f->tlb, 0, mask + 1);
    assert_left(f, LAST - (ENTRIES - 1) * PAGE, 0);
    /* All from somewhere on. */
    fill(f, 64 * PAGE);
    mynic_iotlb_drop(&f->tlb, 64 * PAGE, 0);
    assert_left(f, 64 * PAGE, 0);
    fill(f, 64 * PAGE);
    mynic_iotlb_drop(&f->tlb, PAGE, -PAGE);
    assert_left(f, 64 * PAGE, 0);
    /* It is usable as before. */
    fill(f, 64 * PAGE);
    assert_left(f, 64 * PAGE, 0xffff);
}

/* One entry for all pages is a cache, too. */
static void test_one_entry(void)
{
    MynicIotlb tlb;
    uint64_t gpa;

    mynic_iotlb_init(&tlb, 1);
    mynic_iotlb_put(&tlb, PAGE, READ, 7 * PAGE);
    g_assert_true(mynic_iotlb_get(&tlb, PAGE + 5, READ, &gpa));
    g_assert_cmphex(gpa, ==, 7 * PAGE + 5);
    mynic_iotlb_put(&tlb, 2 * PAGE, READ, 8 * PAGE);
    g_assert_false(mynic_iotlb_get(&tlb, PAGE, READ, &gpa));
    g_assert_true(mynic_iotlb_get(&tlb, 2 * PAGE, READ, &gpa));
    mynic_iotlb_drop(&tlb, 2 * PAGE, PAGE);
    g_assert_false(mynic_iotlb_get(&tlb, 2 * PAGE, READ, &gpa));
    mynic_iotlb_destroy(&tlb);
}

static void add(const char *path, void (*test)(Fixture *, gconstpointer))
{
    g_test_add(path, Fixture, NULL, set_up, test, tear_down);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("/mynic/iotlb/empty", test_empty);
    add("/mynic/iotlb/rights", test_rights);
    add("/mynic/iotlb/moved", test_moved);
    add("/mynic/iotlb/replaced", test_replaced);
    add("/mynic/iotlb/offsets", test_offsets);
    add("/mynic/iotlb/ends", test_ends);
    add("/mynic/iotlb/drop-range", test_drop_range);
    add("/mynic/iotlb/drop-long", test_drop_long);
    add("/mynic/iotlb/drop-all", test_drop_all);
    g_test_add_func("/mynic/iotlb/one-entry", test_one_entry);
    return g_test_run();
}
