/* Simulates SNMP agents: N switches on consecutive loopback addresses, each with a socket of its own, in one thread.
 *
 * agent -n DEVICES -a FIRST_ADDRESS -p PORT [-P PORTS_A_SWITCH] [-d EVERY: dead] [-s EVERY: slow] [-S MS] [-l MS]
 *
 * Community `public`; users of SNMPv3: see usm.c. A dead device reads what it is sent and says nothing, except between
 * SIGUSR1 and SIGUSR2. A slow one answers after -S milliseconds, the others after -l (0: at once). Prints a line when it
 * listens, and one with what it did when it is told to end; ends with the process that started it. */
#include "pdu.h"
#include "tree.h"
#include "usm.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 512, SPARE_FILES = 32, INBOX = 1 << 20, UPTIME = 100000 /* centiseconds already gone at the start */ };

typedef struct {
    unsigned devices, port, ports, dead_every, slow_every, slow_ms, latency_ms;
    const char *first;
} Options;

/* Answers that wait, all for the same time, so that the oldest is always the next. */
typedef struct Waiting {
    struct Waiting *next;
    uint64_t due; /* milliseconds */
    int socket;
    struct sockaddr_in to;
    size_t length;
    uint8_t message[];
} Waiting;

typedef struct {
    unsigned delay; /* milliseconds */
    Waiting *oldest, *newest;
} Line;

typedef struct {
    Engine engine;
    int socket;
    bool dead;
    Line *line; /* where its answers wait; NULL: they do not */
} Device;

static volatile sig_atomic_t told_to_end, none_dead;
static uint64_t answered, ignored;

static void end_it(int signal)
{
    (void)signal;
    told_to_end = 1;
}

static void change_the_dead(int signal)
{
    none_dead = signal == SIGUSR1;
}

static uint64_t milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

/* ---- answering ---- */

static bool answer_v2c(const Device *device, const Tlv *message, Reader from, uint64_t centiseconds, Writer *to)
{
    Tlv community, pdu;
    if (!read_tagged(&from, OCTETS, &community) || !read_any(&from, &pdu))
        return false;
    if (community.length != 6 || memcmp(community.value, "public", 6))
        return false;
    const uint8_t *end = to->at;
    if (!answer_pdu(&pdu, device->engine.number, centiseconds, to))
        return false;
    const Reader start = inside(message); /* version and community go back as they came */
    put_bytes(to, start.at, (size_t)(community.value + community.length - start.at));
    put_header(to, SEQUENCE, end);
    return true;
}

/* Write the answer to a datagram; false when there is none. */
static bool answer(const Device *device, uint8_t *datagram, size_t length, uint64_t centiseconds, Writer *to)
{
    Reader from = {datagram, datagram + length};
    Tlv message;
    long version;
    if (!read_tagged(&from, SEQUENCE, &message))
        return false;
    from = inside(&message);
    if (!read_integer(&from, &version))
        return false;
    if (version == 1)
        return answer_v2c(device, &message, from, centiseconds, to);
    Tlv whole = {SEQUENCE, datagram, (size_t)(message.value + message.length - datagram)};
    return version == 3 && answer_v3(&device->engine, whole, from, centiseconds, to);
}

/* ---- waiting ---- */

static void wait_in(Line *line, int socket, const struct sockaddr_in *to, const uint8_t *message, size_t length)
{
    Waiting *made = malloc(sizeof *made + length);
    if (!made)
        fail("agent: malloc");
    *made = (Waiting){.due = milliseconds() + line->delay, .socket = socket, .to = *to, .length = length};
    memcpy(made->message, message, length);
    if (line->oldest)
        line->newest->next = made;
    else
        line->oldest = made;
    line->newest = made;
}

static void send_due(Line *line, uint64_t now)
{
    for (Waiting *each; (each = line->oldest) && each->due <= now; free(each)) {
        line->oldest = each->next;
        sendto(each->socket, each->message, each->length, 0, (struct sockaddr *)&each->to, sizeof each->to);
    }
}

/* Send what is due of all lines; return how long, in milliseconds, nothing will be. */
static int send_all_due(Line *lines, size_t count)
{
    uint64_t now = milliseconds(), least = 1000;
    for (size_t n = 0; n < count; n++) {
        send_due(&lines[n], now);
        if (lines[n].oldest && lines[n].oldest->due - now < least)
            least = lines[n].oldest->due - now;
    }
    return (int)least;
}

/* ---- the devices' sockets ---- */

static void serve(const Device *device, uint64_t centiseconds)
{
    static uint8_t datagram[MAX_MESSAGE], buffer[2 * MAX_MESSAGE];
    struct sockaddr_in from;
    socklen_t size = sizeof from;
    ssize_t length = recvfrom(device->socket, datagram, sizeof datagram, 0, (struct sockaddr *)&from, &size);
    Writer to = {buffer + sizeof buffer};
    if (length <= 0)
        return;
    if ((device->dead && !none_dead) || !answer(device, datagram, (size_t)length, centiseconds, &to)) {
        ignored++;
        return;
    }
    answered++;
    size_t written = (size_t)(buffer + sizeof buffer - to.at);
    if (device->line)
        wait_in(device->line, device->socket, &from, to.at, written);
    else
        sendto(device->socket, to.at, written, 0, (struct sockaddr *)&from, size);
}

static int bound(uint32_t address, unsigned port)
{
    const struct sockaddr_in at = {AF_INET, htons((uint16_t)port), {htonl(address)}, {0}};
    const int inbox = INBOX;
    int made = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    if (made < 0)
        fail("agent: socket (right form: ulimit -n above the number of devices)");
    setsockopt(made, SOL_SOCKET, SO_RCVBUF, &inbox, sizeof inbox);
    if (bind(made, (const struct sockaddr *)&at, sizeof at))
        fail("agent: bind");
    return made;
}

static bool is_nth(unsigned number, unsigned every, unsigned place)
{
    return every && number % every == place % every;
}

/* The dead and the slow are spread evenly and are never the same device, unless every other one is to be. */
static void start_device(Device *device, unsigned number, const Options *options, Line *lines, int poll)
{
    make_engine(&device->engine, number);
    device->socket = bound(ntohl(inet_addr(options->first)) + number, options->port);
    device->dead = is_nth(number, options->dead_every, options->dead_every - 1);
    Line *line = &lines[is_nth(number, options->slow_every, options->slow_every / 2)];
    device->line = line->delay ? line : NULL;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = device};
    if (epoll_ctl(poll, EPOLL_CTL_ADD, device->socket, &event))
        fail("agent: epoll_ctl");
}

static void raise_files(unsigned devices)
{
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    rlim_t wanted = devices + SPARE_FILES;
    if (files.rlim_cur >= wanted)
        return;
    files.rlim_cur = wanted;
    if (files.rlim_max < wanted)
        files.rlim_max = wanted; /* only root may */
    if (setrlimit(RLIMIT_NOFILE, &files))
        fail("agent: too few open files allowed for so many devices (right form: ulimit -n 20000, or as root)");
}

/* ---- the program ---- */

static unsigned number_of(const char *text)
{
    char *end;
    unsigned long number = strtoul(text, &end, 10);
    if (end == text || *end || number > 1000000) {
        fprintf(stderr, "agent: %s is no number\n", text);
        exit(2);
    }
    return (unsigned)number;
}

static Options read_options(int count, char **words)
{
    Options options = {.devices = 1, .port = 16161, .ports = 48, .first = "127.1.0.1", .slow_ms = 250};
    for (int option; (option = getopt(count, words, "n:a:p:P:d:s:S:l:")) != -1;)
        switch (option) {
        case 'n': options.devices = number_of(optarg); break;
        case 'a': options.first = optarg; break;
        case 'p': options.port = number_of(optarg); break;
        case 'P': options.ports = number_of(optarg); break;
        case 'd': options.dead_every = number_of(optarg); break;
        case 's': options.slow_every = number_of(optarg); break;
        case 'S': options.slow_ms = number_of(optarg); break;
        case 'l': options.latency_ms = number_of(optarg); break;
        default: exit(2);
        }
    if (strncmp(options.first, "127.", 4)) {
        fprintf(stderr, "agent: %s is not of this machine alone (right form: -a 127.1.0.1)\n", options.first);
        exit(2);
    }
    return options;
}

static void serve_until_told(int poll, Line *lines)
{
    static struct epoll_event ready[BATCH];
    const uint64_t began = milliseconds();
    while (!told_to_end) {
        int count = epoll_wait(poll, ready, BATCH, send_all_due(lines, 2));
        uint64_t centiseconds = UPTIME + (milliseconds() - began) / 10;
        for (int n = 0; n < count; n++)
            serve(ready[n].data.ptr, centiseconds);
    }
}

int main(int count, char **words)
{
    const Options options = read_options(count, words);
    Line lines[2] = {{.delay = options.latency_ms}, {.delay = options.slow_ms}};
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    signal(SIGTERM, end_it);
    signal(SIGINT, end_it);
    signal(SIGUSR1, change_the_dead);
    signal(SIGUSR2, change_the_dead);
    raise_files(options.devices);
    build_tree(options.ports);
    prepare_users();
    int poll = epoll_create1(0);
    Device *devices = calloc(options.devices, sizeof *devices);
    for (unsigned number = 0; number < options.devices; number++)
        start_device(&devices[number], number, &options, lines, poll);
    printf("listening: %u devices from %s port %u, %zu objects each\n", options.devices, options.first, options.port,
           tree_size());
    fflush(stdout);
    serve_until_told(poll, lines);
    printf("answered %" PRIu64 ", ignored %" PRIu64 "\n", answered, ignored);
    return 0;
}
