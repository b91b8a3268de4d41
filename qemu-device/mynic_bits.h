/*
 * mynic: fields of registers and descriptors by their masks
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The contract header has complete masks and no shifts, so that it suits the
 * kernel's FIELD_GET() and FIELD_PREP(). These are their counterparts here.
 */

#ifndef HW_NET_MYNIC_BITS_H
#define HW_NET_MYNIC_BITS_H

/* Lowest bit of a mask: what a field is multiplied with to be in its place. */
#define MYNIC_MASK_LSB(mask) ((mask) & (~(mask) + 1))

/* The field of @mask in @value. */
#define MYNIC_FIELD_GET(mask, value) (((value) & (mask)) / MYNIC_MASK_LSB(mask))

/* @value moved to the field of @mask. */
#define MYNIC_FIELD_PREP(mask, value) \
    (((value) * MYNIC_MASK_LSB(mask)) & (mask))

#endif /* HW_NET_MYNIC_BITS_H */
