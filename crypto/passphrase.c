/* Where a passphrase comes from: a file, a descriptor, the terminal; never the command line, never the environment. */
#include "crypto/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

/* The first line of a descriptor, without its end. */
static struct rota_status line_read(char *out, size_t out_size, int fd)
{
    size_t len = 0;
    char c;
    ssize_t got;
    while ((got = read(fd, &c, 1)) == 1 && c != '\n') {
        if (len + 1 >= out_size)
            return rota_fail(ROTA_PASSPHRASE, "the passphrase is longer than 1023 bytes");
        out[len++] = c;
    }
    out[len] = '\0';
    if (got < 0)
        return rota_fail(ROTA_PASSPHRASE, "the passphrase cannot be read");
    if (len == 0)
        return rota_fail(ROTA_PASSPHRASE, "the passphrase is empty");
    return rota_ok();
}

static struct rota_status file_read(char *out, size_t out_size, const char *path)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return rota_fail(ROTA_PASSPHRASE, "the passphrase file cannot be opened");
    struct rota_status status = rota_ok();
    if (fstat(fd, &info) != 0 || (S_ISREG(info.st_mode) && (info.st_mode & 077) != 0))
        status = rota_fail(ROTA_PERMISSION, "others may read the passphrase file: chmod 600 it");
    else
        status = line_read(out, out_size, fd);
    close(fd);
    return status;
}

/* One line from the terminal with the echo off. */
static struct rota_status prompt_read(char *out, size_t out_size, int tty, const char *prompt, const char *key_name)
{
    struct termios before, silent;
    dprintf(tty, "%s %s: ", prompt, key_name);
    if (tcgetattr(tty, &before) != 0)
        return rota_fail(ROTA_PASSPHRASE, "the terminal's echo cannot be switched off");
    silent = before;
    silent.c_lflag &= (tcflag_t)~ECHO;
    if (tcsetattr(tty, TCSAFLUSH, &silent) != 0)
        return rota_fail(ROTA_PASSPHRASE, "the terminal's echo cannot be switched off");
    struct rota_status status = line_read(out, out_size, tty);
    tcsetattr(tty, TCSAFLUSH, &before);
    dprintf(tty, "\n");
    return status;
}

static struct rota_status terminal_read(char *out, size_t out_size, const char *key_name, bool create)
{
    int tty = open("/dev/tty", O_RDWR | O_CLOEXEC);
    if (tty < 0)
        return rota_fail(ROTA_PASSPHRASE, "no terminal to ask for the passphrase: give --passphrase-file or --passphrase-fd");
    struct rota_status status = prompt_read(out, out_size, tty, create ? "new passphrase for" : "passphrase for", key_name);
    if (rota_is_ok(status) && create) {
        char again[ROTA_PASSPHRASE_BYTES_MAX];
        status = prompt_read(again, sizeof again, tty, "once more, passphrase for", key_name);
        if (rota_is_ok(status) && strcmp(again, out) != 0)
            status = rota_fail(ROTA_PASSPHRASE, "the two passphrases differ");
        sodium_memzero(again, sizeof again);
    }
    close(tty);
    return status;
}

struct rota_status rota_passphrase_read(char *out, size_t out_size, const struct rota_passphrase_source *source, const char *key_name,
                                        bool create)
{
    if (source->file)
        return file_read(out, out_size, source->file);
    if (source->fd >= 0)
        return line_read(out, out_size, source->fd);
    if (source->terminal)
        return terminal_read(out, out_size, key_name, create);
    return rota_fail(ROTA_PASSPHRASE, "no passphrase: give --passphrase-file or --passphrase-fd");
}
