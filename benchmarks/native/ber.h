/* BER as far as SNMP needs it (RFC 3417, 8): read in place; written from the end to the front, so that each length is
 * known when its header is written. */
#ifndef BER_H
#define BER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    INTEGER = 0x02, OCTETS = 0x04, NULL_VALUE = 0x05, OBJECT_ID = 0x06, SEQUENCE = 0x30,
    COUNTER32 = 0x41, GAUGE32 = 0x42, TIMETICKS = 0x43, COUNTER64 = 0x46,
    NO_SUCH_OBJECT = 0x80, NO_SUCH_INSTANCE = 0x81, END_OF_MIB_VIEW = 0x82,
    GET = 0xa0, GETNEXT = 0xa1, RESPONSE = 0xa2, GETBULK = 0xa5, REPORT = 0xa8
};

enum { MAX_ARCS = 40, MAX_MESSAGE = 65536 };

typedef struct {
    uint32_t arcs[MAX_ARCS];
    unsigned count;
} Oid;

/* ---- reading ---- */

typedef struct {
    const uint8_t *at, *end;
} Reader;

typedef struct {
    uint8_t tag;
    const uint8_t *value;
    size_t length;
} Tlv;

static inline bool read_length(Reader *from, size_t *length)
{
    if (from->at >= from->end)
        return false;
    uint8_t first = *from->at++;
    if (first < 0x80) {
        *length = first;
        return true;
    }
    unsigned octets = first & 0x7f;
    if (octets < 1 || octets > 4 || from->end - from->at < octets)
        return false;
    *length = 0;
    while (octets--)
        *length = *length << 8 | *from->at++;
    return true;
}

/* Read one element and step over it; false when it is cut short. */
static inline bool read_any(Reader *from, Tlv *found)
{
    if (from->at >= from->end)
        return false;
    found->tag = *from->at++;
    if (!read_length(from, &found->length) || (size_t)(from->end - from->at) < found->length)
        return false;
    found->value = from->at;
    from->at += found->length;
    return true;
}

static inline bool read_tagged(Reader *from, uint8_t tag, Tlv *found)
{
    return read_any(from, found) && found->tag == tag;
}

static inline Reader inside(const Tlv *element)
{
    return (Reader){element->value, element->value + element->length};
}

static inline bool read_integer(Reader *from, long *number)
{
    Tlv found;
    if (!read_tagged(from, INTEGER, &found) || found.length < 1 || found.length > 8)
        return false;
    long value = found.value[0] & 0x80 ? -1 : 0;
    for (size_t n = 0; n < found.length; n++)
        value = value << 8 | found.value[n];
    *number = value;
    return true;
}

static inline bool read_oid(Reader *from, Oid *oid)
{
    Tlv found;
    if (!read_tagged(from, OBJECT_ID, &found) || found.length < 1)
        return false;
    oid->arcs[0] = found.value[0] < 80 ? found.value[0] / 40 : 2;
    oid->arcs[1] = found.value[0] - 40 * oid->arcs[0];
    oid->count = 2;
    uint32_t arc = 0;
    for (size_t n = 1; n < found.length; n++) {
        arc = arc << 7 | (found.value[n] & 0x7f);
        if (found.value[n] & 0x80)
            continue;
        if (oid->count == MAX_ARCS)
            return false;
        oid->arcs[oid->count++] = arc;
        arc = 0;
    }
    return true;
}

/* ---- writing ---- */

typedef struct {
    uint8_t *at; /* what has been written begins here and goes on to the end of the buffer */
} Writer;

static inline void put_bytes(Writer *to, const void *bytes, size_t length)
{
    to->at -= length;
    memcpy(to->at, bytes, length);
}

static inline void put_byte(Writer *to, uint8_t byte)
{
    *--to->at = byte;
}

/* Write the header of everything between here and `end`. */
static inline void put_header(Writer *to, uint8_t tag, const uint8_t *end)
{
    size_t length = (size_t)(end - to->at);
    if (length < 0x80) {
        put_byte(to, (uint8_t)length);
    } else {
        uint8_t octets = 0;
        for (; length; length >>= 8, octets++)
            put_byte(to, (uint8_t)length);
        put_byte(to, 0x80 | octets);
    }
    put_byte(to, tag);
}

static inline void put_octets(Writer *to, const void *bytes, size_t length)
{
    const uint8_t *end = to->at;
    put_bytes(to, bytes, length);
    put_header(to, OCTETS, end);
}

/* Write the shortest two's complement form, as an INTEGER or a type made of one (a counter, a gauge). */
static inline void put_number(Writer *to, uint8_t tag, int64_t number)
{
    const uint8_t *end = to->at;
    int64_t rest = number;
    do {
        put_byte(to, (uint8_t)rest);
        rest >>= 8;
    } while (!((rest == 0 && !(*to->at & 0x80)) || (rest == -1 && (*to->at & 0x80))));
    put_header(to, tag, end);
}

static inline void put_oid(Writer *to, const Oid *oid)
{
    const uint8_t *end = to->at;
    for (unsigned n = oid->count; n-- > 2;) {
        put_byte(to, oid->arcs[n] & 0x7f);
        for (uint32_t rest = oid->arcs[n] >> 7; rest; rest >>= 7)
            put_byte(to, 0x80 | (rest & 0x7f));
    }
    put_byte(to, (uint8_t)(oid->arcs[0] * 40 + oid->arcs[1]));
    put_header(to, OBJECT_ID, end);
}

#endif
