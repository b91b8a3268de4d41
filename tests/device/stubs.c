/*
 * Unit tests of mynic: what would bring in all of QEMU if linked from it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "qemu/log.h"

/* Nothing under test logs or dumps. */
int qemu_loglevel;

void qemu_log(const char *fmt, ...)
{
    g_assert_not_reached();
}

void qemu_hexdump(FILE *fp, const char *prefix, const void *bufptr,
                  size_t size)
{
    g_assert_not_reached();
}

bool buffer_is_zero_ool(const void *buf, size_t len)
{
    const uint8_t *p = buf;

    while (len--) {
        if (*p++) {
            return false;
        }
    }
    return true;
}

bool buffer_is_zero_ge256(const void *buf, size_t len)
{
    return buffer_is_zero_ool(buf, len);
}
