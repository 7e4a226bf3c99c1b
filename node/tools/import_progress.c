#include "node/tools/import_progress.h"

#include "node/tools/submission.h"

#include <stdio.h>
#include <unistd.h>

enum { PROGRESS_WIDTH = 30, PROGRESS_LINE_EVERY_MS = 5000 };

void rota_import_progress_start(struct rota_import_progress *progress, const struct rota_common *common, const char *title)
{
    *progress = (struct rota_import_progress){
        .title = title, .silent = common->quiet, .terminal = isatty(STDERR_FILENO) == 1, .started_ms = rota_monotonic_ms()};
    progress->shown_ms = progress->started_ms;
}

static void progress_print(const struct rota_import_progress *progress, size_t done, size_t total)
{
    char bar[PROGRESS_WIDTH + 1] = "";
    double seconds = (double)(rota_monotonic_ms() - progress->started_ms) / 1000;
    double rate = seconds > 0 ? (double)done / seconds : 0;
    size_t filled = total > 0 ? done * PROGRESS_WIDTH / total : 0;
    for (size_t i = 0; i < PROGRESS_WIDTH; i++)
        bar[i] = i < filled ? '#' : '.';
    if (progress->terminal)
        (void)fprintf(stderr, "\r%s [%s] ", progress->title, bar);
    else
        (void)fprintf(stderr, "%s: ", progress->title);
    (void)fprintf(stderr, "%zu/%zu, %.1f a second", done, total, rate);
    if (rate > 0 && done < total)
        (void)fprintf(stderr, ", %.0f s left", (double)(total - done) / rate);
    (void)fputs(progress->terminal ? "   " : "\n", stderr);
}

void rota_import_progress_show(struct rota_import_progress *progress, size_t done, size_t total)
{
    uint64_t now = rota_monotonic_ms();
    if (progress->silent || (!progress->terminal && now - progress->shown_ms < PROGRESS_LINE_EVERY_MS))
        return;
    progress->shown_ms = now;
    progress_print(progress, done, total);
}

void rota_import_progress_end(struct rota_import_progress *progress, size_t done, size_t total)
{
    if (progress->silent)
        return;
    progress_print(progress, done, total);
    if (progress->terminal)
        (void)fputc('\n', stderr);
}
