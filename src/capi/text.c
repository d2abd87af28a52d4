/* SPDX-License-Identifier: Apache-2.0 */
/* Public functions around the text format. */
#include <stdlib.h>
#include <string.h>

#include "capi/capi.h"
#include "engine/rt/engine.h"
#include "wasm/text/text.h"

struct wax_script {
    struct wx_engine *engine; /* holds the account the script was made on */
    struct wx_script *script;
};

/* An error about the module made from the text is shown in the text. */
wax_status wx_capi_module_from_text(struct wx_engine *e, const char *text, size_t len,
                                    struct wx_rt_module **ret, wax_error **err)
{
    struct wx_text_module t;
    wax_status st = wx_text_encode(&e->mem, text, len, &wx_decode_limits_default, &t, err);
    if (st == WAX_OK) {
        st = wx_rt_module_new(e, (const uint8_t *)t.bytes.p, t.bytes.len, ret, err);
        if (st != WAX_OK) {
            wx_text_locate(&t, text, len, err);
        }
    }
    wx_text_module_fini(&t);
    return st;
}

wax_status wax_module_from_text(wax_engine *engine, const char *text, size_t len,
                                wax_module **ret_module, wax_error **err)
{
    WX_REQUIRE(engine && ret_module, err, "an argument is NULL");
    WX_REQUIRE(text || len == 0, err, "text is NULL");
    struct wx_rt_module *m;
    wax_status st = wx_capi_module_from_text(wx_in_wax_engine(engine), text, len, &m, err);
    if (st == WAX_OK) {
        *ret_module = wx_out_wax_module(m);
    }
    return st;
}

/* What the caller frees comes from malloc: it may outlive the engine. */
static wax_status hand_out(const struct wx_strbuf *from, void **ret, size_t *ret_len,
                           wax_error **err)
{
    char *copy = malloc(from->len + 1);
    if (!copy) {
        return wx_fail_nomem(err, "a result");
    }
    memcpy(copy, wx_strbuf_str(from), from->len + 1);
    *ret = copy;
    *ret_len = from->len;
    return WAX_OK;
}

void wax_bytes_free(void *bytes) { free(bytes); }

wax_status wax_text_to_binary(wax_engine *engine, const char *text, size_t len, void **ret_bytes,
                              size_t *ret_len, wax_error **err)
{
    WX_REQUIRE(engine && ret_bytes && ret_len, err, "an argument is NULL");
    WX_REQUIRE(text || len == 0, err, "text is NULL");
    struct wx_text_module t;
    wax_status st = wx_text_encode(&wx_in_wax_engine(engine)->mem, text, len,
                                   &wx_decode_limits_default, &t, err);
    if (st == WAX_OK) {
        st = hand_out(&t.bytes, ret_bytes, ret_len, err);
    }
    wx_text_module_fini(&t);
    return st;
}

wax_status wax_module_print(const wax_module *module, char **ret_text, size_t *ret_len,
                            wax_error **err)
{
    WX_REQUIRE(module && ret_text && ret_len, err, "an argument is NULL");
    struct wx_rt_module *m = wx_in_wax_module(module);
    struct wx_strbuf out;
    wx_strbuf_init(&out, &m->engine->mem);
    wax_status st = wx_text_print(m->wasm, &out, err);
    void *text = NULL;
    if (st == WAX_OK) {
        st = hand_out(&out, &text, ret_len, err);
    }
    if (st == WAX_OK) {
        *ret_text = text;
    }
    wx_strbuf_fini(&out);
    return st;
}

/* -------- scripts -------- */

wax_status wax_script_parse(wax_engine *engine, const char *text, size_t len,
                            wax_script **ret_script, wax_error **err)
{
    WX_REQUIRE(engine && ret_script, err, "an argument is NULL");
    WX_REQUIRE(text || len == 0, err, "text is NULL");
    struct wx_engine *e = wx_in_wax_engine(engine);
    struct wax_script *s = wx_zalloc(&e->mem, sizeof *s);
    if (!s) {
        return wx_fail_nomem(err, "a script");
    }
    wax_status st = wx_script_parse(&e->mem, text, len, &wx_decode_limits_default, &s->script, err);
    if (st != WAX_OK) {
        wx_free(&e->mem, s);
        return st;
    }
    s->engine = wx_engine_ref(e);
    *ret_script = s;
    return WAX_OK;
}

void wax_script_free(wax_script *script)
{
    if (script) {
        struct wx_engine *e = script->engine;
        wx_script_free(script->script);
        wx_free(&e->mem, script);
        wx_engine_unref(e);
    }
}

const wax_script_command *wax_script_commands(const wax_script *script, size_t *ret_n)
{
    if (ret_n) {
        *ret_n = script ? script->script->n : 0;
    }
    return script ? script->script->commands : NULL;
}
