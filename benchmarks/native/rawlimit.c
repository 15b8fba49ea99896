/* The least that polling can cost: the same datagrams, encoded beforehand, sent and received in batches through one
 * socket; what comes back is not looked at but for who sent it.
 *
 * rawlimit REQUESTS REPETITIONS FIRST_ADDRESS PORT DEVICES POLLS: each device has one request under way at a time. */
#define _GNU_SOURCE
#include "ber.h"
#include "measure.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BATCH = 64, MAX_REQUEST = 2048, INBOX = 64 << 20, PATIENCE = 5 };

typedef struct {
    uint8_t buffer[MAX_REQUEST];
    uint8_t *start;
    size_t length;
} Request;

typedef struct {
    struct sockaddr_in address;
    size_t next; /* request to send */
} Device;

typedef struct {
    int socket;
    uint32_t first;
    Device *devices;
    size_t *idle; /* devices whose next request is to be sent */
    size_t idle_count;
    const Request *requests;
    size_t request_count;
    long started, done, polls;
} Work;

static bool parse_oid(const char *text, Oid *oid)
{
    char *end = (char *)text;
    for (oid->count = 0; *end && oid->count < MAX_ARCS; end += *end == '.')
        oid->arcs[oid->count++] = (uint32_t)strtoul(end, &end, 10);
    return oid->count >= 2 && !*end;
}

/* Encode the variable bindings of a line's OIDs, the last first, as a Writer goes. */
static void put_names(Writer *to, char *line)
{
    const uint8_t *end = to->at;
    for (char *space; (space = strrchr(line, ' ')); *space = 0) {
        const uint8_t *varbind_end = to->at;
        Oid oid;
        if (!parse_oid(space + 1, &oid)) {
            fprintf(stderr, "rawlimit: %s is no OID\n", space + 1);
            exit(2);
        }
        put_byte(to, 0);
        put_byte(to, NULL_VALUE);
        put_oid(to, &oid);
        put_header(to, SEQUENCE, varbind_end);
    }
    put_header(to, SEQUENCE, end);
}

static void encode(Request *request, char *line, long repetitions)
{
    const uint8_t *end = request->buffer + sizeof request->buffer;
    Writer to = {request->buffer + sizeof request->buffer};
    put_names(&to, line); /* leaves the line's first word */
    bool bulk = !strcmp(line, "bulk");
    put_number(&to, INTEGER, bulk ? repetitions : 0);
    put_number(&to, INTEGER, 0);
    put_number(&to, INTEGER, 0x01020304);
    put_header(&to, bulk ? GETBULK : GET, end);
    put_octets(&to, "public", 6);
    put_number(&to, INTEGER, 1);
    put_header(&to, SEQUENCE, end);
    request->start = to.at;
    request->length = (size_t)(end - to.at);
}

static Request *encode_all(const RequestList *list, long repetitions)
{
    Request *requests = calloc(list->count, sizeof *requests);
    for (size_t n = 0; n < list->count; n++)
        encode(&requests[n], list->lines[n], repetitions);
    return requests;
}

static int open_socket(void)
{
    const int inbox = INBOX;
    const struct timeval patience = {.tv_sec = PATIENCE};
    int made = socket(AF_INET, SOCK_DGRAM, 0);
    if (setsockopt(made, SOL_SOCKET, SO_RCVBUFFORCE, &inbox, sizeof inbox)) /* only root may */
        setsockopt(made, SOL_SOCKET, SO_RCVBUF, &inbox, sizeof inbox);
    setsockopt(made, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return made;
}

/* Send the next request of every device that waits for nothing. */
static void send_idle(Work *work)
{
    static struct mmsghdr messages[BATCH];
    static struct iovec parts[BATCH];
    while (work->idle_count) {
        unsigned count = 0;
        for (; work->idle_count && count < BATCH; count++) {
            Device *device = &work->devices[work->idle[--work->idle_count]];
            const Request *request = &work->requests[device->next];
            parts[count] = (struct iovec){request->start, request->length};
            messages[count].msg_hdr = (struct msghdr){.msg_name = &device->address,
                                                      .msg_namelen = sizeof device->address,
                                                      .msg_iov = &parts[count],
                                                      .msg_iovlen = 1};
        }
        sendmmsg(work->socket, messages, count, 0);
    }
}

static void heard(Work *work, size_t number)
{
    Device *device = &work->devices[number];
    if (++device->next == work->request_count) {
        device->next = 0;
        work->done++;
        if (work->started == work->polls)
            return;
        work->started++;
    }
    work->idle[work->idle_count++] = number;
}

static void receive(Work *work)
{
    static struct mmsghdr messages[BATCH];
    static struct iovec parts[BATCH];
    static struct sockaddr_in senders[BATCH];
    static uint8_t buffers[BATCH][4096];
    for (int n = 0; n < BATCH; n++) {
        parts[n] = (struct iovec){buffers[n], sizeof buffers[n]};
        messages[n].msg_hdr = (struct msghdr){
            .msg_name = &senders[n], .msg_namelen = sizeof senders[n], .msg_iov = &parts[n], .msg_iovlen = 1};
    }
    int count = recvmmsg(work->socket, messages, BATCH, MSG_WAITFORONE, NULL);
    if (count <= 0) {
        perror("rawlimit: an answer was lost");
        exit(1);
    }
    for (int n = 0; n < count; n++)
        heard(work, ntohl(senders[n].sin_addr.s_addr) - work->first);
}

int main(int count, char **words)
{
    if (count != 7) {
        fprintf(stderr, "usage: rawlimit REQUESTS REPETITIONS FIRST_ADDRESS PORT DEVICES POLLS\n");
        return 2;
    }
    const RequestList list = read_requests(words[1]);
    const size_t devices = strtoul(words[5], NULL, 10);
    Work work = {.socket = open_socket(), .first = ntohl(inet_addr(words[3])), .polls = atol(words[6])};
    work.requests = encode_all(&list, atol(words[2]));
    work.request_count = list.count;
    work.devices = calloc(devices, sizeof *work.devices);
    work.idle = calloc(devices, sizeof *work.idle);
    for (size_t n = 0; n < devices && work.started < work.polls; n++, work.started++) {
        work.devices[n].address = (struct sockaddr_in){
            AF_INET, htons((uint16_t)atoi(words[4])), {htonl(work.first + (uint32_t)n)}, {0}};
        work.idle[work.idle_count++] = n;
    }
    double before = cpu_seconds();
    while (work.done < work.polls) {
        send_idle(&work);
        receive(&work);
    }
    print_result(work.polls, cpu_seconds() - before, 0);
    return 0;
}
