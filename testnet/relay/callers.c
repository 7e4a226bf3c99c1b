/* All callers come from 127.0.0.1, so the address says nothing. The kernel knows which process holds the calling socket, and
 * a facility is the process that also listens at the facility's own port. */
#include "testnet/relay/relay.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CALLER_SOCKETS_MAX = RELAY_FACILITIES_MAX + 1, CALLER_LISTENS = 0x0A };

/* Inode numbers: of the calling socket, and of each facility's listening one; 0 = not there. */
struct caller_search {
    unsigned long calling;
    unsigned long listening[RELAY_FACILITIES_MAX];
};

static void caller_note(struct caller_search *search, const struct relay *relay, int called, uint16_t port, const char *line)
{
    unsigned local, remote, state;
    unsigned long inode;
    if (sscanf(line, " %*u: %*8X:%4X %*8X:%4X %2X %*s %*s %*s %*u %*u %lu", &local, &remote, &state, &inode) != 4)
        return;
    if (local == port && remote == relay->facilities[called].door)
        search->calling = inode;
    for (size_t i = 0; i < relay->count && state == CALLER_LISTENS; i++)
        if (local == relay->facilities[i].target)
            search->listening[i] = inode;
}

static bool caller_find_sockets(struct caller_search *out, const struct relay *relay, int called, uint16_t port)
{
    char line[512];
    *out = (struct caller_search){0};
    FILE *table = fopen("/proc/net/tcp", "re");
    while (table && fgets(line, sizeof line, table))
        caller_note(out, relay, called, port, line);
    if (table)
        (void)fclose(table);
    return out->calling != 0;
}

/* Whether the process holds the socket; false also when it is not ours to look at, or gone. */
static bool caller_holds(int process, unsigned long inode)
{
    char path[64], link[64], wanted[64];
    bool found = false;
    (void)snprintf(wanted, sizeof wanted, "socket:[%lu]", inode);
    (void)snprintf(path, sizeof path, "/proc/%d/fd", process);
    DIR *folder = opendir(path);
    for (struct dirent *entry = folder ? readdir(folder) : NULL; entry && !found; entry = readdir(folder)) {
        ssize_t len = readlinkat(dirfd(folder), entry->d_name, link, sizeof link - 1);
        link[len > 0 ? len : 0] = '\0';
        found = strcmp(link, wanted) == 0;
    }
    if (folder)
        (void)closedir(folder);
    return found;
}

static int caller_process_with(unsigned long inode)
{
    int process = 0;
    DIR *folder = opendir("/proc");
    for (struct dirent *entry = folder ? readdir(folder) : NULL; entry && process == 0; entry = readdir(folder))
        if (isdigit((unsigned char)entry->d_name[0]) && caller_holds(atoi(entry->d_name), inode))
            process = atoi(entry->d_name);
    if (folder)
        (void)closedir(folder);
    return process;
}

int relay_caller(struct relay *relay, int called, uint16_t port)
{
    struct caller_search search;
    if (!caller_find_sockets(&search, relay, called, port))
        return RELAY_NOBODY;
    for (size_t i = 0; i < relay->count; i++)
        if (relay->facilities[i].process != 0 && caller_holds(relay->facilities[i].process, search.calling))
            return (int)i;
    int process = caller_process_with(search.calling);
    for (size_t i = 0; i < relay->count && process != 0; i++) {
        if (search.listening[i] == 0 || !caller_holds(process, search.listening[i]))
            continue;
        relay->facilities[i].process = process;
        return (int)i;
    }
    return RELAY_NOBODY;
}
