#include "crypto/keyfile.h"
#include "crypto/private_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

static struct rota_status passphrase_check(const char *passphrase, size_t len)
{
    if (len == 0)
        return rota_fail(ROTA_PASSPHRASE, "the passphrase is empty");
    if (strlen(passphrase) != len)
        return rota_fail(ROTA_PASSPHRASE, "a passphrase cannot hold a NUL byte");
    return rota_ok();
}

/* ---- file ----------------------------------------------------------------------------------------------------------- */

static struct rota_status passphrase_from_file(char *out, size_t out_size, const char *path)
{
    uint8_t bytes[2 * ROTA_PASSPHRASE_BYTES_MAX];
    size_t len;
    struct rota_status status = rota_private_file_read(bytes, &len, sizeof bytes, path);
    if (rota_is_ok(status)) {
        const uint8_t *newline = memchr(bytes, '\n', len);
        size_t line = newline ? (size_t)(newline - bytes) : len;
        status = line < out_size ? rota_ok() : rota_fail(ROTA_PASSPHRASE, "the passphrase is too long");
        if (rota_is_ok(status)) {
            memcpy(out, bytes, line);
            out[line] = '\0';
            status = passphrase_check(out, line);
        }
    }
    sodium_memzero(bytes, sizeof bytes);
    return status;
}

/* ---- descriptor ----------------------------------------------------------------------------------------------------- */

enum { INTERRUPT_NONE = '\n', INTERRUPT_KEY = 3 }; /* what Ctrl-C sends while it raises no signal */

/* One line, byte by byte: what follows it in the descriptor is somebody else's. */
static struct rota_status line_read(char *out, size_t out_size, int fd, char interrupt)
{
    size_t len = 0;
    for (;;) {
        char c;
        ssize_t got = read(fd, &c, 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return rota_fail(ROTA_PASSPHRASE, "the passphrase cannot be read");
        if (got == 0 || c == '\n')
            break;
        if (c == interrupt)
            return rota_fail(ROTA_PASSPHRASE, "interrupted at the prompt");
        if (len + 1 >= out_size)
            return rota_fail(ROTA_PASSPHRASE, "the passphrase is too long");
        out[len++] = c;
    }
    out[len] = '\0';
    return passphrase_check(out, len);
}

/* ---- terminal ------------------------------------------------------------------------------------------------------- */

static bool terminal_say(int fd, const char *text)
{
    size_t len = strlen(text);
    return write(fd, text, len) == (ssize_t)len;
}

/* Asks once. Echo is off, and so are the keys that raise signals: nobody is left with a dumb terminal. */
static struct rota_status terminal_ask(char *out, size_t out_size, int fd, const char *question)
{
    struct termios before, quiet;
    if (tcgetattr(fd, &before) != 0)
        return rota_fail(ROTA_PASSPHRASE, "the terminal does not say how it is set");
    quiet = before;
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL | ISIG);
    quiet.c_lflag |= ICANON;
    quiet.c_cc[VEOL] = INTERRUPT_KEY;
    if (tcsetattr(fd, TCSAFLUSH, &quiet) != 0)
        return rota_fail(ROTA_PASSPHRASE, "the terminal would show the passphrase");
    bool asked = terminal_say(fd, question);
    struct rota_status status = asked ? line_read(out, out_size, fd, INTERRUPT_KEY)
                                      : rota_fail(ROTA_PASSPHRASE, "the terminal cannot be written to");
    (void)terminal_say(fd, "\n");
    if (tcsetattr(fd, TCSAFLUSH, &before) != 0)
        return rota_fail(ROTA_PASSPHRASE, "the terminal cannot be set back");
    return status;
}

static struct rota_status passphrase_repeat(const char *first, size_t out_size, int fd)
{
    char again[ROTA_PASSPHRASE_BYTES_MAX];
    size_t size = out_size < sizeof again ? out_size : sizeof again;
    struct rota_status status = terminal_ask(again, size, fd, "The same again: ");
    if (rota_is_ok(status) && strcmp(first, again) != 0)
        status = rota_fail(ROTA_PASSPHRASE, "the two passphrases differ");
    sodium_memzero(again, sizeof again);
    return status;
}

static struct rota_status passphrase_from_terminal(char *out, size_t out_size, const char *key_name, bool create)
{
    char question[256];
    int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return rota_fail(ROTA_PASSPHRASE, "no terminal to ask for the passphrase: give it in a file or a descriptor");
    (void)snprintf(question, sizeof question, create ? "New passphrase for %.200s: " : "Passphrase for %.200s: ", key_name);
    struct rota_status status = terminal_ask(out, out_size, fd, question);
    if (rota_is_ok(status) && create)
        status = passphrase_repeat(out, out_size, fd);
    (void)close(fd);
    return status;
}

/* ---- the one that applies ------------------------------------------------------------------------------------------- */

struct rota_status rota_passphrase_read(char *out, size_t out_size, const struct rota_passphrase_source *source,
                                        const char *key_name, bool create)
{
    ROTA_ASSERT(out_size > 1);
    struct rota_status status = rota_fail(ROTA_PASSPHRASE, "a passphrase is needed: give it in a file or a descriptor");
    if (source->file)
        status = passphrase_from_file(out, out_size, source->file);
    else if (source->fd >= 0)
        status = line_read(out, out_size, source->fd, INTERRUPT_NONE);
    else if (source->terminal)
        status = passphrase_from_terminal(out, out_size, key_name, create);
    if (!rota_is_ok(status))
        sodium_memzero(out, out_size);
    return status;
}
