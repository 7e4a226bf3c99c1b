/* A small relay on 127.0.0.1 between a dialler and a listener, which can be told to cut, freeze or spoil what it carries. */
#ifndef ROTA_TESTS_TSAN_RELAY_H
#define ROTA_TESTS_TSAN_RELAY_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

enum relay_mode {
    RELAY_PASS = 0,
    RELAY_REFUSE, /* carries nothing: present connections are cut, new ones are cut at once */
    RELAY_FREEZE, /* keeps connections and moves no byte */
    RELAY_SPOIL,  /* flips a bit of the next bytes, then passes */
};

enum { RELAY_PAIRS_MAX = 8 };

struct relay {
    uint16_t port; /* where it listens */
    uint16_t target;
    int listener;
    atomic_int mode;
    atomic_bool stopping;
    atomic_uint turns; /* so far: a mode holds from the turn after it was set */
    pthread_t thread;
    int pairs[RELAY_PAIRS_MAX][2]; /* -1: free */
};

void relay_open(struct relay *relay, uint16_t target);
void relay_close(struct relay *relay);
void relay_set(struct relay *relay, enum relay_mode mode); /* returns when the mode holds */

#endif
