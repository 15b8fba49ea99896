/* The objects of a Cisco access switch: system group, IF-MIB, EtherLike-MIB, sensors, CPU and memory. */
#include "tree.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    FIRST_PORT = 10101, /* ifIndex of the first port, as on Catalyst switches */
    FIRST_SENSOR = 1001,
    SENSORS = 20,
    NAME_DIGITS = 5
};

/* Starts and steps that keep a value's length for all devices and for days: 4 octets from 2^23 to 2^31, 6 octets from
 * 2^40 to 2^47. A device's counters are `step` times its number ahead. */
static const uint64_t SMALL_START = 1u << 25, SMALL_STEP = 7919;
static const uint64_t LARGE_START = 1ull << 41, LARGE_STEP = 1000003;

static Object *objects;
static size_t count, room;

static uint64_t spread(uint64_t below)
{
    static uint64_t state = 88172645463325252ull; /* xorshift64: the same numbers in every run */
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % below;
}

bool parse_oid(const char *text, Oid *oid)
{
    for (oid->count = 0; *text && oid->count < MAX_ARCS; text += *text == '.') {
        char *end;
        oid->arcs[oid->count++] = (uint32_t)strtoul(text, &end, 10);
        if (end == text || (*end && *end != '.'))
            return false;
        text = end;
    }
    return oid->count >= 2 && !*text;
}

int compare_oids(const Oid *left, const Oid *right)
{
    unsigned shared = left->count < right->count ? left->count : right->count;
    for (unsigned n = 0; n < shared; n++)
        if (left->arcs[n] != right->arcs[n])
            return left->arcs[n] < right->arcs[n] ? -1 : 1;
    return (left->count > right->count) - (left->count < right->count);
}

static int compare_objects(const void *left, const void *right)
{
    return compare_oids(&((const Object *)left)->oid, &((const Object *)right)->oid);
}

/* Add an object whose encoded value a Writer holds up to `end`. */
static Object *add(const char *oid, Writer value, const uint8_t *end, size_t width)
{
    if (count == room)
        objects = realloc(objects, (room = room ? room * 2 : 1024) * sizeof *objects);
    Object *made = &objects[count++];
    *made = (Object){.width = width, .motion = STILL};
    if (!parse_oid(oid, &made->oid)) {
        fprintf(stderr, "agent: %s is no OID\n", oid);
        exit(2);
    }
    put_oid(&value, &made->oid);
    put_header(&value, SEQUENCE, end);
    made->length = (size_t)(end - value.at);
    made->varbind = malloc(made->length);
    memcpy(made->varbind, value.at, made->length);
    return made;
}

static Object *add_number(const char *oid, uint8_t tag, uint64_t number)
{
    uint8_t buffer[256], *end = buffer + sizeof buffer;
    Writer value = {end};
    put_number(&value, tag, (int64_t)number);
    return add(oid, value, end, (size_t)(end - value.at) - 2);
}

static Object *add_octets(const char *oid, const void *octets, size_t length)
{
    uint8_t buffer[1024], *end = buffer + sizeof buffer;
    Writer value = {end};
    put_octets(&value, octets, length);
    return add(oid, value, end, length);
}

static Object *add_text(const char *oid, const char *text)
{
    return add_octets(oid, text, strlen(text));
}

static void moves(Object *object, Motion motion, uint64_t base, uint64_t pace)
{
    object->motion = motion;
    object->base = base;
    object->pace = pace;
}

static void add_counter(const char *oid, uint64_t pace)
{
    uint64_t start = SMALL_START + spread(SMALL_START);
    moves(add_number(oid, COUNTER32, start), CLIMBS, start, pace);
}

static void add_large_counter(const char *oid, uint64_t pace)
{
    uint64_t start = LARGE_START + spread(LARGE_START);
    moves(add_number(oid, COUNTER64, start), CLIMBS, start, pace);
}

/* A gauge between two bounds of the same length. */
static void add_gauge(const char *oid, uint8_t tag, uint64_t least, uint64_t values)
{
    moves(add_number(oid, tag, least), WANDERS, least, values);
}

/* Return a text in a buffer of its own until four calls later. */
static const char *text(const char *form, ...)
{
    static char buffers[4][160];
    static unsigned turn;
    char *buffer = buffers[turn++ % 4];
    va_list given;
    va_start(given, form);
    vsnprintf(buffer, sizeof buffers[0], form, given);
    va_end(given);
    return buffer;
}

static void add_system(unsigned ports)
{
    static const uint8_t catalyst[] = {0x2b, 6, 1, 4, 1, 9, 1, 0x89, 0x38}; /* 1.3.6.1.4.1.9.1.1208, a Catalyst 2960-S */
    add_text("1.3.6.1.2.1.1.1.0", "Cisco IOS Software, C2960S Software (C2960S-UNIVERSALK9-M), Version 15.0(2)SE11, "
                                  "RELEASE SOFTWARE (fc3)");
    uint8_t buffer[256], *end = buffer + sizeof buffer;
    Writer value = {end};
    put_bytes(&value, catalyst, sizeof catalyst);
    put_header(&value, OBJECT_ID, end);
    add("1.3.6.1.2.1.1.2.0", value, end, sizeof catalyst);
    moves(add_number("1.3.6.1.2.1.1.3.0", TIMETICKS, SMALL_START), CLIMBS, SMALL_START, 100);
    add_text("1.3.6.1.2.1.1.4.0", "noc@example.net");
    add_text("1.3.6.1.2.1.1.5.0", "sw-00000")->motion = NUMBERED;
    add_text("1.3.6.1.2.1.1.6.0", "Building 3, floor 2, rack 7");
    add_number("1.3.6.1.2.1.1.7.0", INTEGER, 6);
    add_number("1.3.6.1.2.1.2.1.0", INTEGER, ports);
}

/* ifTable (RFC 2863) and the duplex state of dot3StatsTable (RFC 3635) of one port. */
static void add_port(unsigned number)
{
    unsigned index = FIRST_PORT + number;
    uint8_t mac[] = {0, 0x1b, 0x54, 0x11, 0x22, (uint8_t)number};
#define COLUMN(column) text("1.3.6.1.2.1.2.2.1.%d.%u", column, index)
    add_number(COLUMN(1), INTEGER, index);
    add_text(COLUMN(2), text("GigabitEthernet1/0/%u", number + 1));
    add_number(COLUMN(3), INTEGER, 6);
    add_number(COLUMN(4), INTEGER, 1500);
    add_number(COLUMN(5), GAUGE32, 1000000000);
    add_octets(COLUMN(6), mac, sizeof mac);
    add_number(COLUMN(7), INTEGER, 1);
    add_number(COLUMN(8), INTEGER, number % 5 ? 1 : 2);
    add_number(COLUMN(9), TIMETICKS, 1 + spread(SMALL_START));
    for (int column = 10; column <= 12; column++)
        add_counter(COLUMN(column), 500 + spread(500));
    add_counter(COLUMN(13), 0);
    add_counter(COLUMN(14), 0);
    for (int column = 15; column <= 18; column++)
        add_counter(COLUMN(column), 500 + spread(500));
    add_counter(COLUMN(19), 0);
    add_counter(COLUMN(20), 0);
    add_number(COLUMN(21), GAUGE32, 0);
#undef COLUMN
    add_number(text("1.3.6.1.2.1.10.7.2.1.19.%u", index), INTEGER, 3);
}

/* ifXTable of one port. */
static void add_port_extension(unsigned number)
{
    unsigned index = FIRST_PORT + number;
#define COLUMN(column) text("1.3.6.1.2.1.31.1.1.1.%d.%u", column, index)
    add_text(COLUMN(1), text("Gi1/0/%u", number + 1));
    for (int column = 2; column <= 5; column++)
        add_counter(COLUMN(column), spread(500));
    /* Octets, and the packets of each kind, in and out: a port that is well has few broadcasts. */
    for (int column = 6; column <= 13; column += 4) {
        add_large_counter(COLUMN(column), 100000 + spread(1000000));
        add_large_counter(COLUMN(column + 1), 200 + spread(800));
        add_large_counter(COLUMN(column + 2), spread(10));
        add_large_counter(COLUMN(column + 3), spread(5));
    }
    add_number(COLUMN(14), INTEGER, 1);
    add_number(COLUMN(15), GAUGE32, 1000);
    add_number(COLUMN(16), INTEGER, 2);
    add_number(COLUMN(17), INTEGER, 1);
    add_text(COLUMN(18), text("uplink to host %u", number));
    add_number(COLUMN(19), TIMETICKS, 0);
#undef COLUMN
}

/* ENTITY-SENSOR-MIB (RFC 3433): temperatures in tenths of a degree. */
static void add_sensor(unsigned number)
{
    unsigned index = FIRST_SENSOR + number;
    add_text(text("1.3.6.1.2.1.47.1.1.1.1.7.%u", index), text("Sensor %u", number + 1));
    add_number(text("1.3.6.1.2.1.99.1.1.1.1.%u", index), INTEGER, 8);
    add_number(text("1.3.6.1.2.1.99.1.1.1.2.%u", index), INTEGER, 9);
    add_number(text("1.3.6.1.2.1.99.1.1.1.3.%u", index), INTEGER, 1);
    add_gauge(text("1.3.6.1.2.1.99.1.1.1.4.%u", index), INTEGER, 200 + number * 7, 30);
    add_number(text("1.3.6.1.2.1.99.1.1.1.5.%u", index), INTEGER, 1);
}

/* CISCO-PROCESS-MIB, CISCO-MEMORY-POOL-MIB, and the same of UCD-SNMP-MIB: kB, and shares of the last minute. */
static void add_resources(void)
{
    add_gauge("1.3.6.1.4.1.9.9.109.1.1.1.1.8.1", GAUGE32, 5, 40);
    add_text("1.3.6.1.4.1.9.9.48.1.1.1.2.1", "Processor");
    add_gauge("1.3.6.1.4.1.9.9.48.1.1.1.5.1", GAUGE32, 40000000, 1000000);
    add_number("1.3.6.1.4.1.9.9.48.1.1.1.6.1", GAUGE32, 60000000);
    add_number("1.3.6.1.4.1.2021.4.5.0", INTEGER, 16000000);
    add_gauge("1.3.6.1.4.1.2021.4.6.0", INTEGER, 9000000, 1000000);
    add_gauge("1.3.6.1.4.1.2021.4.11.0", INTEGER, 9000000, 1000000);
    add_gauge("1.3.6.1.4.1.2021.11.9.0", INTEGER, 5, 40);
    add_gauge("1.3.6.1.4.1.2021.11.10.0", INTEGER, 1, 20);
}

void build_tree(unsigned ports)
{
    add_system(ports);
    for (unsigned number = 0; number < ports; number++) {
        add_port(number);
        add_port_extension(number);
    }
    for (unsigned number = 0; number < SENSORS; number++)
        add_sensor(number);
    add_resources();
    qsort(objects, count, sizeof *objects, compare_objects);
}

size_t tree_size(void)
{
    return count;
}

const Object *object_at(size_t position)
{
    return &objects[position];
}

size_t first_from(const Oid *oid)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (compare_oids(&objects[middle].oid, oid) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static uint64_t value_of(const Object *object, unsigned device, uint64_t centiseconds)
{
    if (object->motion == WANDERS)
        return object->base + (device * 7 + centiseconds / 800 + object->oid.arcs[object->oid.count - 1]) % object->pace;
    uint64_t step = object->width > 4 ? LARGE_STEP : SMALL_STEP;
    return object->base + device * step + object->pace * centiseconds / 100;
}

void put_object(Writer *to, const Object *object, unsigned device, uint64_t centiseconds)
{
    put_bytes(to, object->varbind, object->length);
    if (object->motion == STILL)
        return;
    uint8_t *last = to->at + object->length - 1;
    if (object->motion == NUMBERED) {
        for (int digit = 0; digit < NAME_DIGITS; digit++, device /= 10)
            *last-- = (uint8_t)('0' + device % 10);
        return;
    }
    uint64_t value = value_of(object, device, centiseconds);
    for (size_t octet = 0; octet < object->width; octet++, value >>= 8)
        *last-- = (uint8_t)value;
}
