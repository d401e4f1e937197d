/* A gateway that loses nothing: a message stays in a file until halong says that it is committed.
 *
 * Standard input has a message a line: its readings as JSON, with commas between them, in at most 64 KiB; they
 * are not checked here. It ends when all are committed.
 * Environment: MQTT_HOST, MQTT_PORT, GATEWAY, PASSWORD, JOURNAL (a file); CA_FILE for TLS,
 * and CERT_FILE and KEY_FILE in place of the password.
 *
 *     cc -std=c11 -Wall -Wextra -o gateway gateway.c -lmosquitto        (libmosquitto 2.0, MQTT 5)
 */
#define _POSIX_C_SOURCE 200809L
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LIMIT = 10000, WINDOW = 100, SILENCE_S = 30, MAX_WAIT_S = 60, MAX_LINE = 65536 };

/* The message number s is at kept[s % LIMIT]; oldest <= s < next. */
static char *kept[LIMIT];
static uint64_t oldest, next;
static const char *journal_path;
static FILE *journal;
static long journal_lines;

static struct mosquitto *client;
static bool connected;
static uint64_t sent; /* the highest number sent on this connection */
static int on_their_way;
static int status_id; /* of the PUBACK that answers a status, which is in no window and no journal */
static time_t heard;
static char up_observations[160], up_status[160], down[160];

static void die(const char *words) {
    perror(words);
    exit(1);
}

static const char *setting(const char *name) {
    const char *value = getenv(name);
    if (!value) {
        fprintf(stderr, "%s is not set\n", name);
        exit(2);
    }
    return value;
}

static time_t seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

/* ---- The journal: lines "keep SEQ READINGS" and "next SEQ", which says that all below is done. ---- */

static void forget_below(uint64_t seq) {
    for (; oldest < seq && oldest < next; oldest++) {
        free(kept[oldest % LIMIT]);
        kept[oldest % LIMIT] = NULL;
    }
    if (next < seq)
        oldest = next = seq;
}

static void hold(uint64_t seq, const char *readings) {
    if (seq - oldest >= LIMIT) { /* full: the oldest goes, and `oldest` in the messages says so */
        fprintf(stderr, "the journal is full: message %llu dropped\n", (unsigned long long)oldest);
        forget_below(oldest + 1);
    }
    kept[seq % LIMIT] = strdup(readings);
    if (!kept[seq % LIMIT])
        die("memory");
    next = seq + 1;
}

/* Wait until what was written is on the disk: it must survive a power cut. */
static void to_disk(FILE *file) {
    if (fflush(file) || fsync(fileno(file)))
        die(journal_path);
}

/* Write the journal without what is done, to a second file that then takes the place of the first. */
static void rewrite(void) {
    char fresh[1024];
    snprintf(fresh, sizeof fresh, "%s.new", journal_path);
    FILE *file = fopen(fresh, "w");
    if (!file)
        die(fresh);
    fprintf(file, "next %llu\n", (unsigned long long)oldest);
    for (uint64_t seq = oldest; seq < next; seq++)
        fprintf(file, "keep %llu %s\n", (unsigned long long)seq, kept[seq % LIMIT]);
    to_disk(file);
    fclose(file);
    if (journal)
        fclose(journal);
    if (rename(fresh, journal_path) || !(journal = fopen(journal_path, "a")))
        die(journal_path);
    journal_lines = 1 + (long)(next - oldest);
}

static void open_journal(void) {
    static char line[MAX_LINE + 64];
    FILE *file = fopen(journal_path, "r");
    /* A fresh journal may be a lost one: begin above every number that can have been used. */
    oldest = next = file ? 1 : (uint64_t)time(NULL);
    while (file && fgets(line, sizeof line, file)) {
        unsigned long long seq;
        int start = 0;
        char *end = strchr(line, '\n');
        if (!end)
            break; /* the power went while this line was written; nobody was told of it */
        *end = '\0';
        if (sscanf(line, "next %llu", &seq) == 1) {
            forget_below(seq);
        } else if (sscanf(line, "keep %llu %n", &seq, &start) == 1 && start) {
            if (oldest == next)
                oldest = seq;
            hold(seq, line + start);
        }
    }
    if (file)
        fclose(file);
    rewrite();
}

static void keep(const char *readings) {
    hold(next, readings);
    fprintf(journal, "keep %llu %s\n", (unsigned long long)(next - 1), readings);
    journal_lines++;
    to_disk(journal);
}

static void done_upto(uint64_t seq) {
    if (seq < oldest || seq >= next)
        return; /* known, or of another journal */
    forget_below(seq + 1);
    if (journal_lines > 1000 + 2 * (long)(next - oldest)) {
        rewrite();
    } else { /* need not reach the disk: what is sent again is stored once */
        fprintf(journal, "next %llu\n", (unsigned long long)oldest);
        journal_lines++;
    }
}

/* ---- Sending ---- */

static void send_message(uint64_t seq) {
    static char message[MAX_LINE + 128];
    int size = snprintf(message, sizeof message, "{\"seq\":%llu,\"oldest\":%llu,\"readings\":[%s]}",
                        (unsigned long long)seq, (unsigned long long)oldest, kept[seq % LIMIT]);
    if (mosquitto_publish_v5(client, NULL, up_observations, size, message, 1, false, NULL) == MOSQ_ERR_SUCCESS)
        on_their_way++;
}

/* Send what there is room for; after a silence the oldest message again: its answer tells the state. */
static void go_on(void) {
    if (!connected)
        return;
    if (sent < oldest)
        sent = oldest - 1;
    while (sent + 1 < next && on_their_way < WINDOW)
        send_message(++sent);
    if (oldest <= sent && seconds() - heard > SILENCE_S) {
        heard = seconds();
        send_message(oldest);
    }
}

static void on_connect(struct mosquitto *m, void *data, int reason, int flags, const mosquitto_property *p) {
    (void)data, (void)flags, (void)p;
    connected = reason == 0;
    if (!connected) {
        fprintf(stderr, "the broker refuses the connection: %s\n", mosquitto_reason_string(reason));
        return;
    }
    const char *online = "{\"online\": true, \"firmware\": \"1.4.2\"}";
    mosquitto_subscribe_v5(m, NULL, down, 1, 0, NULL); /* on every connect: the session may have ended */
    mosquitto_publish_v5(m, &status_id, up_status, (int)strlen(online), online, 1, true, NULL);
    sent = on_their_way = 0; /* all that is kept goes again, lowest number first */
    heard = seconds();
}

/* PUBACK: the message leaves the window, and stays in the journal whatever the reason code says. */
static void on_publish(struct mosquitto *m, void *data, int mid, int reason, const mosquitto_property *p) {
    (void)m, (void)data, (void)p;
    if (mid == status_id) {
        status_id = 0; /* numbers come again */
        return;
    }
    if (reason != 0) /* 0x10: nobody has subscribed; from 0x80: refused */
        fprintf(stderr, "not stored, kept: %s\n", mosquitto_reason_string(reason));
    if (on_their_way > 0)
        on_their_way--;
}

static void on_committed(const char *told) {
    unsigned long long seq, first, last;
    const char *at = strstr(told, "\"seq\"");
    if (!at || sscanf(at, "\"seq\" : %llu", &seq) != 1)
        return;
    heard = seconds();
    done_upto(seq);
    at = strstr(told, "\"missing\"");
    at = at ? strchr(at, '[') : NULL; /* [[first, last], …] */
    while (at && sscanf(++at, " [ %llu , %llu ]", &first, &last) == 2) {
        for (uint64_t missing = first < oldest ? oldest : first; missing <= last && missing <= sent; missing++)
            send_message(missing);
        at = strchr(strchr(at, ']'), ',');
    }
}

static void on_message(struct mosquitto *m, void *data, const struct mosquitto_message *message,
                       const mosquitto_property *p) {
    (void)m, (void)data, (void)p;
    char told[8192]; /* down/committed and down/rejected are shorter */
    snprintf(told, sizeof told, "%.*s", message->payloadlen, (const char *)message->payload);
    const char *kind = strrchr(message->topic, '/') + 1;
    if (strcmp(kind, "committed") == 0)
        on_committed(told);
    else if (strcmp(kind, "rejected") == 0) /* never sent again as it is: it would be refused again */
        fprintf(stderr, "rejected: %s\n", told);
}

/* ---- The connection ---- */

static void set_up(const char *code) {
    snprintf(up_observations, sizeof up_observations, "city/v1/%s/up/observations", code);
    snprintf(up_status, sizeof up_status, "city/v1/%s/up/status", code);
    snprintf(down, sizeof down, "city/v1/%s/down/#", code);
    mosquitto_lib_init();
    client = mosquitto_new(code, false, NULL); /* false: the session goes on */
    if (!client)
        die("memory");
    mosquitto_int_option(client, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
    mosquitto_username_pw_set(client, code, getenv("PASSWORD"));
    const char *offline = "{\"online\": false}";
    mosquitto_will_set_v5(client, up_status, (int)strlen(offline), offline, 1, true, NULL);
    const char *ca_file = getenv("CA_FILE");
    if (ca_file && *ca_file) { /* checks the broker's certificate and the name in it */
        int error = mosquitto_tls_set(client, ca_file, NULL, getenv("CERT_FILE"), getenv("KEY_FILE"), NULL);
        if (error) {
            fprintf(stderr, "%s: %s\n", ca_file, mosquitto_strerror(error));
            exit(2);
        }
    }
    mosquitto_connect_v5_callback_set(client, on_connect);
    mosquitto_publish_v5_callback_set(client, on_publish);
    mosquitto_message_v5_callback_set(client, on_message);
}

static int connect_to_broker(void) {
    mosquitto_property *session = NULL;
    mosquitto_property_add_int32(&session, MQTT_PROP_SESSION_EXPIRY_INTERVAL, 3600);
    int port = atoi(setting("MQTT_PORT"));
    int error = mosquitto_connect_bind_v5(client, setting("MQTT_HOST"), port, 60, NULL, session);
    mosquitto_property_free_all(&session);
    return error;
}

/* Read and write the network for a moment; after a loss connect again. The wait doubles up to a minute, and
 * chance keeps a city of gateways from coming all at once. */
static void network(void) {
    static int wait_s = 1;
    static time_t again;
    int error = connected || again == 0 ? mosquitto_loop(client, 50, 1) : MOSQ_ERR_NO_CONN;
    if (connected)
        wait_s = 1;
    if (error == MOSQ_ERR_SUCCESS)
        return;
    connected = false;
    if (again == 0) {
        fprintf(stderr, "no connection: %s\n", mosquitto_strerror(error));
        again = seconds() + wait_s / 2 + rand() % wait_s + 1;
        wait_s = wait_s * 2 > MAX_WAIT_S ? MAX_WAIT_S : wait_s * 2;
    } else if (seconds() >= again) {
        again = 0;
        connect_to_broker();
    } else {
        nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    }
}

/* Keep what lines standard input has: here a real gateway reads its devices. */
static bool measure(void) {
    static char line[MAX_LINE];
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    for (int lines = 0; lines < WINDOW && poll(&input, 1, 0) > 0; lines++) {
        if (!fgets(line, sizeof line, stdin))
            return false;
        line[strcspn(line, "\n")] = '\0';
        if (*line)
            keep(line);
    }
    return true;
}

int main(void) {
    srand((unsigned)getpid() ^ (unsigned)time(NULL));
    setvbuf(stdin, NULL, _IONBF, 0); /* poll() sees only what stdio has not taken */
    journal_path = setting("JOURNAL");
    open_journal();
    set_up(setting("GATEWAY"));
    connect_to_broker();
    for (bool measuring = true; measuring || oldest < next;) {
        if (measuring)
            measuring = measure();
        go_on();
        network();
    }
    const char *offline = "{\"online\": false}";
    mosquitto_publish_v5(client, &status_id, up_status, (int)strlen(offline), offline, 1, true, NULL);
    mosquitto_loop(client, 200, 1);
    mosquitto_disconnect_v5(client, 0, NULL);
    mosquitto_loop(client, 200, 1);
    fclose(journal);
    puts("all committed");
    return 0;
}
