/* SPDX-License-Identifier: Apache-2.0 */
/* A server on the socket it was given: what comes in goes back. usage: echo FD MODE */
/*
 * MODE  blocking  one connection after the other
 *       poll      all at once with poll() and non-blocking sockets
 * A connection that sends "quit" ends it, with exit status 42.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_PEERS 64

static void fail(const char *what)
{
    printf("%s: %s\n", what, strerror(errno));
    exit(1);
}

static void send_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t sent = send(fd, p, n, 0);
        if (sent < 0 && errno == EAGAIN) {
            struct pollfd wait = {.fd = fd, .events = POLLOUT};
            if (poll(&wait, 1, -1) < 0) {
                fail("poll for writing");
            }
            continue;
        }
        if (sent < 0) {
            fail("send");
        }
        p += sent;
        n -= (size_t)sent;
    }
}

/* @return 0 when the peer has ended, -1 when there is nothing for now */
static int echo_once(int fd)
{
    char buf[4096];
    ssize_t n = recv(fd, buf, sizeof buf, 0);
    if (n < 0) {
        if (errno != EAGAIN) {
            fail("recv");
        }
        return -1;
    }
    if (n >= 4 && memcmp(buf, "quit", 4) == 0) {
        exit(42);
    }
    send_all(fd, buf, (size_t)n);
    return n > 0;
}

static void serve_blocking(int listener)
{
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0) {
            fail("accept");
        }
        while (echo_once(fd) > 0) {
        }
        if (shutdown(fd, SHUT_WR) != 0 || close(fd) != 0) {
            fail("shutdown and close");
        }
    }
}

static void serve_poll(int listener)
{
    struct pollfd fds[MAX_PEERS + 1] = {{.fd = listener, .events = POLLIN}};
    nfds_t n = 1;
    if (fcntl(listener, F_SETFL, O_NONBLOCK) != 0) {
        fail("fcntl");
    }
    for (;;) {
        if (poll(fds, n, -1) < 0) {
            fail("poll");
        }
        if ((fds[0].revents & POLLIN) && n <= MAX_PEERS) {
            int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
            if (fd < 0) {
                fail("accept4");
            }
            fds[n++] = (struct pollfd){.fd = fd, .events = POLLIN};
        }
        for (nfds_t i = 1; i < n; i++) {
            if (fds[i].revents && echo_once(fds[i].fd) == 0) {
                (void)close(fds[i].fd);
                fds[i--] = fds[--n];
            }
        }
    }
}

int main(int argc, char **argv)
{
    struct stat st;
    if (argc != 3) {
        return 2;
    }
    int listener = atoi(argv[1]);
    if (fstat(listener, &st) != 0 || !S_ISSOCK(st.st_mode)) {
        fail("the descriptor is no socket");
    }
    if (strcmp(argv[2], "poll") == 0) {
        serve_poll(listener);
    } else {
        serve_blocking(listener);
    }
}
