/* Seeds spread over workers. A worker is a process: it takes the next seed that nobody has, and what it prints goes into a
 * file of its own, so that the report of a failing seed comes out whole. */
#include "tests/sim/sim_run.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct worker {
    pid_t pid;
    bool ended;
    int output;
    _Atomic uint64_t seed; /* in work, for the report of one that died without a word */
    struct sim_totals totals;
};

/* Shared by parent and workers. */
struct jobs {
    _Atomic uint64_t next; /* seeds given out */
    struct worker workers[SIM_JOBS_MAX];
};

static uint64_t wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void worker_work(struct jobs *jobs, struct worker *worker, const struct sim_run *run, uint64_t until_ms)
{
    for (;;) {
        uint64_t nth = atomic_fetch_add(&jobs->next, 1);
        if (nth >= run->seeds || wall_ms() >= until_ms)
            return;
        atomic_store(&worker->seed, run->first_seed + nth);
        sim_seed_count(run->first_seed + nth, run, &worker->totals);
    }
}

static void worker_start(struct jobs *jobs, struct worker *worker, const struct sim_run *run, uint64_t until_ms)
{
    worker->output = memfd_create("output", MFD_CLOEXEC);
    ROTA_ASSERT(worker->output >= 0);
    pid_t pid = fork();
    ROTA_ASSERT(pid >= 0);
    if (pid > 0) {
        worker->pid = pid; /* the memory is shared: the child must not write here */
        return;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    ROTA_ASSERT(dup2(worker->output, 1) == 1 && dup2(worker->output, 2) == 2);
    worker_work(jobs, worker, run, until_ms);
    fflush(NULL);
    _exit(0);
}

static void output_show(const struct worker *worker, FILE *to)
{
    char bytes[4096];
    ssize_t got;
    for (off_t at = 0; (got = pread(worker->output, bytes, sizeof bytes, at)) > 0; at += got)
        fwrite(bytes, 1, (size_t)got, to);
    fflush(to);
}

/* True when the worker finished its seeds. */
static bool worker_judge(const struct worker *worker, int status)
{
    bool good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    output_show(worker, good ? stdout : stderr);
    if (WIFSIGNALED(status))
        fprintf(stderr, "\nviolation crash signal %d in seed %llu\n", WTERMSIG(status),
                (unsigned long long)atomic_load(&worker->seed));
    return good;
}

static struct worker *worker_of(struct jobs *jobs, uint32_t count, pid_t pid)
{
    for (uint32_t i = 0; i < count; i++)
        if (jobs->workers[i].pid == pid)
            return &jobs->workers[i];
    return NULL;
}

static struct sim_totals totals_sum(const struct jobs *jobs, uint32_t count)
{
    struct sim_totals sum = {{0}};
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t k = 0; k < SIM_TOTALS; k++)
            sum.counts[k] += jobs->workers[i].totals.counts[k];
    return sum;
}

static void progress_show(const struct jobs *jobs, uint32_t count, uint64_t began_ms)
{
    if (!isatty(2))
        return;
    struct sim_totals sum = totals_sum(jobs, count);
    fprintf(stderr, "\r%llu seeds, %llu blocks, %llu s ", (unsigned long long)sum.counts[SIM_TOTAL_SEEDS],
            (unsigned long long)sum.counts[SIM_TOTAL_BLOCKS], (unsigned long long)((wall_ms() - began_ms) / 1000));
}

static void others_end(struct jobs *jobs, uint32_t count, const struct worker *failed)
{
    for (uint32_t i = 0; i < count; i++)
        if (&jobs->workers[i] != failed && !jobs->workers[i].ended)
            kill(jobs->workers[i].pid, SIGKILL);
}

/* Waits for all; the first that fails ends the others, unheard. */
static bool workers_wait(struct jobs *jobs, uint32_t count, uint64_t began_ms)
{
    bool good = true;
    const struct timespec patience = {.tv_sec = 2};
    sigset_t ended;
    sigemptyset(&ended);
    sigaddset(&ended, SIGCHLD);
    for (uint32_t left = count; left > 0;) {
        int status;
        struct worker *worker = worker_of(jobs, count, waitpid(-1, &status, WNOHANG));
        if (!worker) {
            if (sigtimedwait(&ended, NULL, &patience) < 0)
                progress_show(jobs, count, began_ms);
            continue;
        }
        left--;
        worker->ended = true;
        if (good && !worker_judge(worker, status)) {
            good = false;
            others_end(jobs, count, worker);
        }
    }
    return good;
}

int sim_jobs_run(const struct sim_run *run)
{
    uint64_t began_ms = wall_ms(), until_ms = run->minutes ? began_ms + run->minutes * UINT64_C(60000) : UINT64_MAX;
    struct jobs *jobs = mmap(NULL, sizeof *jobs, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ROTA_ASSERT(jobs != MAP_FAILED);
    sigset_t ended; /* blocked, so that it can be waited for */
    sigemptyset(&ended);
    sigaddset(&ended, SIGCHLD);
    sigprocmask(SIG_BLOCK, &ended, NULL);
    for (uint32_t i = 0; i < run->jobs; i++)
        worker_start(jobs, &jobs->workers[i], run, until_ms);
    bool good = workers_wait(jobs, run->jobs, began_ms);
    struct sim_totals sum = totals_sum(jobs, run->jobs);
    good = good && sim_summary(run, &sum, wall_ms() - began_ms);
    for (uint32_t i = 0; i < run->jobs; i++)
        close(jobs->workers[i].output);
    munmap(jobs, sizeof *jobs);
    return good ? 0 : 1;
}
