/* ROTA_BROKEN(id, good, bad) is `good`.
 *
 * It marks an expression whose wrong variant the tests must notice. Here it has no trace of the wrong one; tests/broken
 * compiles the same files with a definition of its own that can choose `bad` (docs/HACKING.md, "Adding a broken variant").
 */
#ifndef ROTA_CRYPTO_BROKEN_H
#define ROTA_CRYPTO_BROKEN_H

#ifndef ROTA_BROKEN
#define ROTA_BROKEN(id, good, bad) (good)
#endif

#endif
