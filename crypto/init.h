/* The libraries below us, made ready once. */
#ifndef ROTA_CRYPTO_INIT_H
#define ROTA_CRYPTO_INIT_H

/* Initialises libsodium and the seed of jansson's tables. Every function of crypto that needs it calls it by itself; a
 * program that uses libsodium directly calls it first. Cheap, any thread, any number of times; stops the process when the
 * system gives no randomness. */
void rota_crypto_init(void);

#endif
