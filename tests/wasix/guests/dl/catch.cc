/* SPDX-License-Identifier: Apache-2.0 */
/* Exceptions and jumps from one module into another. */
extern "C" {
#include "forker.h"
}
#include "jump.h"

extern "C" {
int destroyed;
static void *caught;

/* What the code that clang makes for `catch (...)` needs. */
void *__cxa_begin_catch(void *p)
{
    caught = p;
    return p;
}
void __cxa_end_catch(void) {}
void __cxa_rethrow(void) { __builtin_wasm_throw(0, caught); }
int __gxx_wasm_personality_v0(void) { return 0; }
struct {
    uint32_t index;
    void *lsda;
    uint32_t selector;
} __wasm_lpad_context;
uint32_t _Unwind_CallPersonality(void *) { return 0; }
void _ZSt9terminatev(void) { __builtin_trap(); }

int program_call(int (*fn)(int), int a) { return fn(a); }
int throw_it(int a);
int throw_forked(unsigned (*fork)(void), int a);
int throw_catch(int (*fn)(int), int a);
void throw_jump(jump_buf buf, int value);
int throw_land(void (*fn)(jump_buf));
}

static int throw_here(int a)
{
    if (a) {
        __builtin_wasm_throw(0, reinterpret_cast<void *>(a));
    }
    return 7;
}

static int call_and_catch(int a)
{
    try {
        return throw_it(a);
    } catch (...) {
        return 100 + static_cast<int>(reinterpret_cast<intptr_t>(caught));
    }
}

static int jump_here()
{
    jump_buf buf;
    int value = setjmp(buf);
    if (!value) {
        throw_jump(buf, 3);
    }
    return value;
}

static void jump_back(jump_buf buf) { longjmp(buf, 4); }

static wax_thread thread;
static char stack[16384] __attribute__((aligned(16)));
static int bad;

static void check(void *)
{
    int before = destroyed;
    bad |= call_and_catch(0) != 1;
    bad |= call_and_catch(5) != 105;
    bad |= destroyed != before + 2;
    bad |= throw_catch(throw_here, 0) != 7;
    bad |= throw_catch(throw_here, 3) != -1;
    bad |= throw_catch(throw_it, 3) != -1; /* from there over here and back */
    bad |= jump_here() != 3;
    bad |= throw_land(jump_back) != 42;
}

/* A fork below handlers of two modules, in a frame of either: both processes are caught. */
static unsigned pid;
static unsigned fork_here(void) { return pid = fork_now(); }

static int fork_and_throw(int a)
{
    pid = fork_now();
    return throw_it(a);
}

static int call_forked(int a)
{
    try {
        return throw_forked(fork_here, a);
    } catch (...) {
        return static_cast<int>(reinterpret_cast<intptr_t>(caught));
    }
}

/* The exception is on its way, and goes on in both. */
struct Forker {
    ~Forker() { pid = fork_now(); }
};

static int fork_unwinding(int a)
{
    try {
        Forker forker;
        return throw_it(a);
    } catch (...) {
        return static_cast<int>(reinterpret_cast<intptr_t>(caught));
    }
}

static void check_forks(void)
{
    int before = destroyed, value = call_forked(5);
    IS(destroyed, before + 1);
    IS(value, pid ? 5 : 55);
    if (!pid) {
        check(nullptr);
        IS(bad, 0);
        wasix_proc_exit2(41);
    }
    wait_code(pid, 41);
    IS(throw_catch(fork_and_throw, 3), -1);
    if (!pid) {
        wasix_proc_exit2(42);
    }
    wait_code(pid, 42);
    IS(fork_unwinding(6), 6);
    if (!pid) {
        wasix_proc_exit2(43);
    }
    wait_code(pid, 43);
}

extern "C" void _start(void)
{
    check(nullptr);
    IS(bad, 0);
    OK(wax_thread_start(&thread, check, nullptr, stack, sizeof stack));
    wax_thread_join(&thread);
    IS(bad, 0);
    check_forks();
    p1_proc_exit(0);
}
