// floor is the least that a WebSocket fan-out can do: for every event that comes in, one write(2) of the finished frame
// to each subscriber of its topic. One thread, one epoll, no queues: a client whose socket is full misses the event, one
// that took half a frame is cut off. It is what the other servers are compared with, not a server to use.
//
// GET /ws?topic=T subscribes to T, and what the client sends goes to T. On GET /publish, each message is "TOPIC PAYLOAD".
// Build: cc -O2 -o floor floor.c       Run: PORT=9000 ./floor
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "handshake.h"

enum {
	MAX_FDS = 65536,
	MAX_TOPICS = 65536, // of the hash table, a power of two
	TOPIC_SIZE = 64,
	INPUT_SIZE = 1 << 20,
	EVENTS = 256,
};

struct topic {
	char name[TOPIC_SIZE];
	int *members; // descriptors
	int len, cap;
};

struct conn {
	bool open, publisher;
	struct topic *topic; // NULL until the handshake, and for publishers
	int slot;            // its place in topic->members
	uint8_t *rest;       // input that is no whole request or frame yet
	size_t rest_len;
};

static struct topic topics[MAX_TOPICS];
static struct conn conns[MAX_FDS];
static uint8_t input[INPUT_SIZE], frame[INPUT_SIZE + 10];
static uint64_t missed; // deliveries that met a full socket
static int epoll_fd;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static struct topic *find_topic(const char *name, size_t len)
{
	uint32_t h = 2166136261u;
	if (len >= TOPIC_SIZE)
		len = TOPIC_SIZE - 1;
	for (size_t i = 0; i < len; i++)
		h = (h ^ (uint8_t)name[i]) * 16777619u;
	for (int tries = 0; tries < MAX_TOPICS; tries++, h++) {
		struct topic *t = &topics[h & (MAX_TOPICS - 1)];
		if (t->name[0] == 0)
			memcpy(t->name, name, len);
		if (strlen(t->name) == len && memcmp(t->name, name, len) == 0)
			return t;
	}
	fprintf(stderr, "more than %d topics\n", MAX_TOPICS);
	exit(1);
}

static void join(int fd, struct topic *t)
{
	if (t->len == t->cap) {
		t->cap = t->cap ? 2 * t->cap : 1;
		t->members = realloc(t->members, t->cap * sizeof *t->members);
		if (t->members == NULL)
			die("realloc");
	}
	conns[fd].topic = t;
	conns[fd].slot = t->len;
	t->members[t->len++] = fd;
}

static void leave(int fd)
{
	struct conn *c = &conns[fd];
	struct topic *t = c->topic;
	if (t != NULL) {
		int last = t->members[--t->len];
		t->members[c->slot] = last;
		conns[last].slot = c->slot;
	}
	free(c->rest);
	*c = (struct conn){0};
	close(fd);
}

static void broadcast(const struct topic *t, uint8_t opcode, const uint8_t *payload, size_t len)
{
	size_t n = 0;
	frame[n++] = 0x80 | opcode;
	if (len < 126) {
		frame[n++] = len;
	} else if (len < 65536) {
		frame[n++] = 126;
		frame[n++] = len >> 8;
		frame[n++] = len;
	} else {
		frame[n++] = 127;
		for (int shift = 56; shift >= 0; shift -= 8)
			frame[n++] = (uint64_t)len >> shift;
	}
	memcpy(frame + n, payload, len);
	n += len;
	for (int i = 0; i < t->len; i++) {
		ssize_t w = write(t->members[i], frame, n);
		if (w == (ssize_t)n)
			continue;
		if (w < 0 && errno == EAGAIN)
			missed++;
		else
			shutdown(t->members[i], SHUT_RDWR); // epoll reports it, and it leaves then
	}
}

// message takes one whole message of a client. It returns false if the connection is over.
static bool message(struct conn *c, uint8_t opcode, uint8_t *payload, size_t len)
{
	if (opcode == 8)
		return false;
	if (opcode > 2)
		return true; // pings and pongs
	if (!c->publisher) {
		broadcast(c->topic, opcode, payload, len);
		return true;
	}
	uint8_t *space = memchr(payload, ' ', len);
	if (space == NULL)
		return false;
	broadcast(find_topic((char *)payload, space - payload), opcode, space + 1, payload + len - (space + 1));
	return true;
}

// take_frame takes a frame off the front of p and returns its length, 0 if it is not whole yet, or -1.
static ssize_t take_frame(struct conn *c, uint8_t *p, size_t n)
{
	if (n < 6)
		return 0;
	size_t len = p[1] & 127, head = 2;
	if (!(p[0] & 0x80) || !(p[1] & 0x80))
		return -1; // fragmented, or not masked
	if (len == 126) {
		len = p[2] << 8 | p[3];
		head = 4;
	} else if (len == 127) {
		return -1; // no event is that large here
	}
	if (n < head + 4 + len)
		return 0;
	uint8_t *mask = p + head, *payload = mask + 4;
	for (size_t i = 0; i < len; i++)
		payload[i] ^= mask[i & 3];
	return message(c, p[0] & 15, payload, len) ? (ssize_t)(head + 4 + len) : -1;
}

// take_request answers the handshake and returns its length, 0 if it is not whole yet, or -1.
static ssize_t take_request(int fd, uint8_t *p, size_t n)
{
	char answer[256];
	uint8_t *end = memmem(p, n, "\r\n\r\n", 4);
	if (end == NULL)
		return 0;
	*end = 0;
	int len = handshake_answer((char *)p, answer, sizeof answer);
	if (len < 0 || write(fd, answer, len) != len)
		return -1;
	if (strncmp((char *)p, "GET /publish", 12) == 0) {
		conns[fd].publisher = true;
	} else {
		char *topic = strstr((char *)p, "topic=");
		if (topic == NULL)
			return -1;
		topic += 6;
		join(fd, find_topic(topic, strcspn(topic, " &\r\n")));
	}
	return end + 4 - p;
}

static void readable(int fd)
{
	struct conn *c = &conns[fd];
	size_t n = c->rest_len, at = 0;
	if (n > 0)
		memcpy(input, c->rest, n);
	ssize_t r = read(fd, input + n, sizeof input - n);
	if (r < 0 && errno == EAGAIN)
		return;
	if (r <= 0) {
		leave(fd);
		return;
	}
	free(c->rest);
	c->rest = NULL;
	c->rest_len = 0;
	for (n += r; at < n;) {
		bool done = c->publisher || c->topic != NULL;
		ssize_t used = done ? take_frame(c, input + at, n - at) : take_request(fd, input + at, n - at);
		if (used < 0) {
			leave(fd);
			return;
		}
		if (used == 0)
			break;
		at += used;
	}
	if (at < n) {
		c->rest = malloc(n - at);
		if (c->rest == NULL)
			die("malloc");
		c->rest_len = n - at;
		memcpy(c->rest, input + at, n - at);
	}
}

static void acceptable(int listener)
{
	for (int i = 0; i < 64; i++) {
		int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
		if (fd < 0)
			return;
		if (fd >= MAX_FDS) {
			close(fd);
			continue;
		}
		conns[fd].open = true;
		struct epoll_event e = {.events = EPOLLIN | EPOLLRDHUP, .data.fd = fd};
		if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &e) < 0)
			die("epoll_ctl");
		readable(fd); // TCP_DEFER_ACCEPT: the request is there already
	}
}

static int listen_on(int port)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	// Accepted sockets inherit TCP_NODELAY.
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &on, sizeof on) < 0 ||
	    bind(fd, (struct sockaddr *)&a, sizeof a) < 0 || listen(fd, 4096) < 0)
		die("listen");
	return fd;
}

static volatile sig_atomic_t stopping;

static void stop(int signal)
{
	(void)signal;
	stopping = 1;
}

int main(void)
{
	const char *port = getenv("PORT");
	int listener = listen_on(port ? atoi(port) : 9000);
	struct epoll_event events[EVENTS], e = {.events = EPOLLIN, .data.fd = listener};
	signal(SIGPIPE, SIG_IGN);
	struct sigaction act = {.sa_handler = stop}; // without SA_RESTART: epoll_wait returns
	sigaction(SIGTERM, &act, NULL);
	epoll_fd = epoll_create1(0);
	if (epoll_fd < 0 || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &e) < 0)
		die("epoll");
	while (!stopping) {
		int n = epoll_wait(epoll_fd, events, EVENTS, -1);
		for (int i = 0; i < n; i++) {
			int fd = events[i].data.fd;
			if (fd == listener)
				acceptable(listener);
			else if (conns[fd].open)
				readable(fd);
		}
	}
	if (missed > 0)
		fprintf(stderr, "missed: %llu deliveries met a full socket\n", (unsigned long long)missed);
	return 0;
}
