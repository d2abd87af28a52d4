// SPDX-License-Identifier: Apache-2.0
// A host in C++17: the headers compile, link and work without casts.
#include <waxwing/waxwing.h>

extern "C" int run_cxx_host(const unsigned char *bytes, size_t len);

namespace
{
wax_status add_one(void *data, wax_memory *, const wax_value *args, wax_value *results,
                   wax_error **)
{
    ++*static_cast<int *>(data);
    results[0].of.i32 = args[0].of.i32 + 1;
    return WAX_OK;
}
} // namespace

// 0 when all went well: a module is loaded, a host function made and called.
int run_cxx_host(const unsigned char *bytes, size_t len)
{
    wax_engine_options options;
    wax_engine_options_init(&options);
    wax_engine *engine = nullptr;
    wax_module *module = nullptr;
    wax_store *store = nullptr;
    wax_error *error = nullptr;
    wax_func *func = nullptr;
    int calls = 0;
    const wax_valtype type[] = {WAX_I32};
    const wax_functype sig = {1, 1, type, type};
    wax_value argument = WAX_INIT_I32(41), result = WAX_INIT_I32(0);
    bool ok = wax_engine_new(&options, &engine, &error) == WAX_OK &&
              wax_module_from_bytes(engine, bytes, len, &module, &error) == WAX_OK &&
              wax_store_new(engine, &store, &error) == WAX_OK &&
              wax_func_new(store, &sig, add_one, &calls, &func, &error) == WAX_OK &&
              wax_call(func, &argument, 1, &result, 1, &error) == WAX_OK;
    ok = ok && calls == 1 && result.of.i32 == 42 && error == nullptr;
    wax_store_free(store);
    wax_module_free(module);
    wax_engine_free(engine);
    wax_error_free(error);
    return ok ? 0 : 1;
}
