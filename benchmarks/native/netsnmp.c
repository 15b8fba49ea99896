/* net-snmp's C library as most pollers use it: sessions opened beforehand, one request under way at a time.
 *
 * netsnmp WALKS VERSION REPETITIONS FIRST_ADDRESS PORT DEVICES POLLS: version 2 or 3 (bench-sha256, AES-128). */
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include "measure.h"

#include <arpa/inet.h>
#include <stdbool.h>

enum { MAX_NAMES = 64 };

typedef struct {
    oid arcs[MAX_OID_LEN];
    size_t count;
} Name;

static Name scalars[MAX_NAMES], columns[MAX_NAMES];
static size_t scalar_count, column_count;

static void fail(const char *what)
{
    fprintf(stderr, "netsnmp: %s\n", what);
    exit(1);
}

/* Take the OIDs of a line: scalars of a `get`, a column of a `bulk`. */
static void read_names(char *line)
{
    bool bulk = !strncmp(line, "bulk ", 5);
    for (char *word = strtok(strchr(line, ' '), " "); word; word = strtok(NULL, " ")) {
        Name *name = bulk ? &columns[column_count++] : &scalars[scalar_count++];
        name->count = MAX_OID_LEN;
        if (!read_objid(word, name->arcs, &name->count))
            fail(word);
    }
}

static netsnmp_pdu *ask(void *session, netsnmp_pdu *request)
{
    netsnmp_pdu *response = NULL;
    if (snmp_sess_synch_response(session, request, &response) != STAT_SUCCESS)
        fail("no answer");
    return response;
}

static long get_scalars(void *session)
{
    netsnmp_pdu *request = snmp_pdu_create(SNMP_MSG_GET);
    for (size_t n = 0; n < scalar_count; n++)
        snmp_add_null_var(request, scalars[n].arcs, scalars[n].count);
    netsnmp_pdu *response = ask(session, request);
    long values = 0;
    for (netsnmp_variable_list *each = response->variables; each; each = each->next_variable)
        values++;
    snmp_free_pdu(response);
    return values;
}

/* Count the rows of one answer, moving the cursor; say whether the column goes on. */
static int take_rows(const netsnmp_pdu *response, const Name *column, Name *cursor, long *values)
{
    for (const netsnmp_variable_list *each = response->variables; each; each = each->next_variable) {
        if (each->type == SNMP_ENDOFMIBVIEW || each->name_length < column->count ||
            memcmp(each->name, column->arcs, column->count * sizeof *column->arcs))
            return 0;
        ++*values;
        cursor->count = each->name_length;
        memcpy(cursor->arcs, each->name, each->name_length * sizeof *each->name);
    }
    return response->variables != NULL;
}

static long walk(void *session, const Name *column, long repetitions)
{
    Name cursor = *column;
    long values = 0;
    for (int more = 1; more;) {
        netsnmp_pdu *request = snmp_pdu_create(SNMP_MSG_GETBULK);
        request->non_repeaters = 0;
        request->max_repetitions = repetitions;
        snmp_add_null_var(request, cursor.arcs, cursor.count);
        netsnmp_pdu *response = ask(session, request);
        more = take_rows(response, column, &cursor, &values);
        snmp_free_pdu(response);
    }
    return values;
}

static long poll_once(void *session, long repetitions)
{
    long values = get_scalars(session);
    for (size_t n = 0; n < column_count; n++)
        values += walk(session, &columns[n], repetitions);
    return values;
}

static void set_users_keys(netsnmp_session *session)
{
    session->version = SNMP_VERSION_3;
    session->securityName = "bench-sha256";
    session->securityNameLen = strlen(session->securityName);
    session->securityLevel = SNMP_SEC_LEVEL_AUTHPRIV;
    session->securityAuthProto = usmHMAC192SHA256AuthProtocol;
    session->securityAuthProtoLen = OID_LENGTH(usmHMAC192SHA256AuthProtocol);
    session->securityPrivProto = usmAESPrivProtocol;
    session->securityPrivProtoLen = OID_LENGTH(usmAESPrivProtocol);
    session->securityAuthKeyLen = session->securityPrivKeyLen = USM_AUTH_KU_LEN;
    if (generate_Ku(session->securityAuthProto, session->securityAuthProtoLen, (u_char *)"authpass1234", 12,
                    session->securityAuthKey, &session->securityAuthKeyLen) ||
        generate_Ku(session->securityAuthProto, session->securityAuthProtoLen, (u_char *)"privpass1234", 12,
                    session->securityPrivKey, &session->securityPrivKeyLen))
        fail("no keys");
}

static void *open_session(uint32_t address, const char *port, int version)
{
    char peer[64];
    struct in_addr at = {htonl(address)};
    netsnmp_session session;
    snmp_sess_init(&session);
    snprintf(peer, sizeof peer, "udp:%s:%s", inet_ntoa(at), port);
    session.peername = peer;
    session.timeout = 2000000;
    session.retries = 1;
    if (version == 3) {
        set_users_keys(&session);
    } else {
        session.version = SNMP_VERSION_2c;
        session.community = (u_char *)"public";
        session.community_len = 6;
    }
    void *opened = snmp_sess_open(&session);
    if (!opened)
        fail("a session does not open");
    return opened;
}

int main(int count, char **words)
{
    if (count != 8) {
        fprintf(stderr, "usage: netsnmp WALKS VERSION REPETITIONS FIRST_ADDRESS PORT DEVICES POLLS\n");
        return 2;
    }
    setenv("MIBS", "", 1);
    init_snmp("netpatrol-bench");
    RequestList list = read_requests(words[1]);
    for (size_t n = 0; n < list.count; n++)
        read_names(list.lines[n]);
    const long repetitions = atol(words[3]), devices = atol(words[6]), polls = atol(words[7]);
    void **sessions = calloc((size_t)devices, sizeof *sessions);
    for (long n = 0; n < devices; n++) {
        sessions[n] = open_session(ntohl(inet_addr(words[4])) + (uint32_t)n, words[5], atoi(words[2]));
        get_scalars(sessions[n]); /* discovers the engine: not measured */
    }
    long values = 0;
    double before = cpu_seconds();
    for (long n = 0; n < polls; n++)
        values += poll_once(sessions[n % devices], repetitions);
    print_result(polls, cpu_seconds() - before, values);
    return 0;
}
