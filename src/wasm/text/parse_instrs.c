/* SPDX-License-Identifier: Apache-2.0 */
/* Instruction sequences in text, flat and folded, with an explicit stack of open constructs. */
/*
 * One loop looks at the token at hand and the innermost open construct (frame). What may happen:
 *
 *   word, in a sequence            flat instruction; block, loop, if, try, try_table open a FLAT
 *                                  frame, end and delegate close it
 *   "(word", in a sequence         folded instruction: opens FOLD_BLOCK, FOLD_IF, FOLD_TRY or, for
 *     or among operands            anything else, FOLD_PLAIN with its bytes kept in `pending`
 *   "(then" "(else" in FOLD_IF,    opens an ARM
 *   "(do" "(catch" … in FOLD_TRY
 *   ")"                            closes the innermost folded frame; without one the sequence ends
 *
 * A FOLD_PLAIN's operands are written first, then its own bytes leave `pending`.
 */
#include "base/check.h"
#include "wasm/text/parser.h"

static struct wx_text_frame *top(const struct wx_parser *p, size_t base)
{
    return p->frames.n > base ? &p->frames.p[p->frames.n - 1] : NULL;
}

static void push_frame(struct wx_parser *p, struct wx_text_frame frame)
{
    if (p->frames.n >= p->limits->max_nesting) {
        wx_p_fail_at(p, WAX_E_LIMIT, frame.off, "nesting too deep, the limit is %u",
                     p->limits->max_nesting);
    } else if (!wx_vec_push(p->mem, &p->frames, frame)) {
        wx_p_nomem(p);
    }
}

static void push_label(struct wx_parser *p, struct wx_sym *sym)
{
    struct wx_text_label label = {sym, sym ? sym->label : 0};
    if (!wx_vec_push(p->mem, &p->labels, label)) {
        wx_p_nomem(p);
    } else if (sym) {
        sym->label = (uint32_t)p->labels.n;
    }
}

static void pop_label(struct wx_parser *p)
{
    if (p->labels.n) {
        struct wx_text_label label = p->labels.p[--p->labels.n];
        if (label.sym) {
            label.sym->label = label.outer;
        }
    }
}

static void emit_op(struct wx_parser *p, enum wx_op op, uint32_t off)
{
    wx_p_mark(p, &p->code, off);
    wx_p_put_op(&p->code.b, op);
}

/* Opcode, block type and catches of a block whose name was taken. Returns its label's name. */
static struct wx_sym *block_head(struct wx_parser *p, enum wx_op op, struct wx_strbuf *out)
{
    struct wx_sym *sym = wx_p_id(p);
    wx_p_put_op(out, op);
    wx_p_blocktype(p, out);
    if (op == WX_OP_TRY_TABLE) {
        wx_p_catches(p, out);
    }
    return sym;
}

/* Fails; the hint is an instruction's name, if one is near. */
static void unknown_operator(struct wx_parser *p, struct wx_tok at)
{
    bool was_ok = wx_p_ok(p);
    const char *near = wx_p_nearest_op(wx_p_text(p, at), at.len);
    wx_p_fail(p, "unknown operator or unexpected token '%.*s'", (int)(at.len < 60 ? at.len : 60),
              wx_p_text(p, at));
    if (was_ok && near) {
        wx_error_set_hint(p->err, "did you mean '%s'?", near);
    }
}

static bool is_block(enum wx_op op)
{
    return op == WX_OP_BLOCK || op == WX_OP_LOOP || op == WX_OP_IF || op == WX_OP_TRY ||
           op == WX_OP_TRY_TABLE;
}

/* -------- flat -------- */

/* The label repeated behind else, end and the like must be the block's. */
static void repeated_label(struct wx_parser *p, const struct wx_text_frame *f)
{
    struct wx_tok at = p->tok;
    const struct wx_sym *sym = wx_p_id(p);
    if (sym && sym != f->label) {
        wx_p_fail_at(p, WAX_E_MALFORMED, at.off, "mismatching label '$%.*s'",
                     (int)(sym->len < 100 ? sym->len : 100), sym->name);
    }
}

static void open_flat(struct wx_parser *p, enum wx_op op, struct wx_tok at)
{
    wx_p_mark(p, &p->code, at.off);
    struct wx_sym *sym = block_head(p, op, &p->code.b);
    push_frame(p, (struct wx_text_frame){
                      .kind = WX_FRAME_FLAT, .op = (uint16_t)op, .off = at.off, .label = sym});
    push_label(p, sym);
}

static void misplaced(struct wx_parser *p, struct wx_tok at)
{
    wx_p_fail_at(p, WAX_E_MALFORMED, at.off, "unexpected token '%.*s': no block it belongs to",
                 (int)at.len, wx_p_text(p, at));
}

/* else, catch, catch_all: the next part of a flat block. */
static void flat_part(struct wx_parser *p, enum wx_op op, struct wx_tok at, struct wx_text_frame *f)
{
    bool fits = f && f->kind == WX_FRAME_FLAT &&
                (op == WX_OP_ELSE ? f->op == WX_OP_IF : f->op == WX_OP_TRY || f->op == WX_OP_CATCH);
    if (!fits) {
        misplaced(p, at);
        return;
    }
    f->op = (uint16_t)op;
    if (op == WX_OP_ELSE) {
        repeated_label(p, f);
    }
    emit_op(p, op, at.off);
    if (op == WX_OP_CATCH) {
        wx_emit_u32(&p->code.b, wx_p_index(p, WX_SPACE_TAG));
    }
}

static void flat_end(struct wx_parser *p, enum wx_op op, struct wx_tok at, struct wx_text_frame *f)
{
    if (!f || f->kind != WX_FRAME_FLAT || (op == WX_OP_DELEGATE && f->op != WX_OP_TRY)) {
        misplaced(p, at);
        return;
    }
    if (op == WX_OP_END) {
        repeated_label(p, f);
    }
    pop_label(p);
    emit_op(p, op, at.off);
    if (op == WX_OP_DELEGATE) {
        wx_emit_u32(&p->code.b, wx_p_label(p));
    }
    p->frames.n -= p->frames.n > 0;
}

static void flat(struct wx_parser *p, struct wx_text_frame *f)
{
    struct wx_tok at = p->tok;
    enum wx_op op = wx_p_find_op(p, at);
    if (op == WX_OP_INVALID) {
        unknown_operator(p, at);
        return;
    }
    wx_p_advance(p);
    if (is_block(op)) {
        open_flat(p, op, at);
    } else if (op == WX_OP_ELSE || op == WX_OP_CATCH || op == WX_OP_CATCH_ALL) {
        flat_part(p, op, at, f);
    } else if (op == WX_OP_END || op == WX_OP_DELEGATE) {
        flat_end(p, op, at, f);
    } else {
        wx_p_mark(p, &p->code, at.off);
        wx_p_instr(p, op, at, &p->code.b);
    }
}

/* -------- folded -------- */

static void open_arm(struct wx_parser *p, uint32_t off)
{
    push_frame(p, (struct wx_text_frame){.kind = WX_FRAME_ARM, .off = off});
}

/* "(then" or "(else": the first writes the `if` that waited for its condition. */
static void if_arm(struct wx_parser *p, struct wx_text_frame *f)
{
    uint32_t off = p->tok.off;
    if (f->state == 0 && wx_p_open(p, "then")) {
        wx_p_mark(p, &p->code, f->off);
        wx_strbuf_add(&p->code.b, wx_strbuf_str(&p->pending) + f->pend, p->pending.len - f->pend);
        p->pending.len = f->pend;
        push_label(p, f->label);
    } else if (f->state == 1 && wx_p_at(p, "else")) {
        emit_op(p, WX_OP_ELSE, p->next.off);
        (void)wx_p_open(p, "else");
    } else {
        wx_p_unexpected(p, f->state == 0   ? "'(then' or an operand"
                           : f->state == 1 ? "'(else' or ')'"
                                           : "')'");
        return;
    }
    f->state++;
    open_arm(p, off);
}

static void try_arm(struct wx_parser *p, struct wx_text_frame *f)
{
    uint32_t off = p->tok.off;
    if (f->state == 0) {
        if (!wx_p_open(p, "do")) {
            wx_p_unexpected(p, "'(do'");
            return;
        }
        f->state = 1;
    } else if (f->state <= 2 && wx_p_open(p, "catch")) {
        emit_op(p, WX_OP_CATCH, off);
        wx_emit_u32(&p->code.b, wx_p_index(p, WX_SPACE_TAG));
        f->state = 2;
    } else if (f->state <= 2 && wx_p_open(p, "catch_all")) {
        emit_op(p, WX_OP_CATCH_ALL, off);
        f->state = 3;
    } else if (f->state == 1 && wx_p_open(p, "delegate")) {
        pop_label(p);
        emit_op(p, WX_OP_DELEGATE, off);
        wx_emit_u32(&p->code.b, wx_p_label(p));
        push_label(p, NULL); /* closing takes one off */
        f->no_end = true;
        f->state = 3;
    } else {
        wx_p_unexpected(p, f->state < 3 ? "'(catch', '(catch_all' or ')'" : "')'");
        return;
    }
    open_arm(p, off);
}

static void open_folded_block(struct wx_parser *p, enum wx_op op, struct wx_tok at)
{
    struct wx_text_frame f = {.op = (uint16_t)op, .off = at.off};
    if (op == WX_OP_IF) {
        f.kind = WX_FRAME_FOLD_IF;
        f.pend = (uint32_t)p->pending.len;
        f.label = block_head(p, op, &p->pending);
        push_frame(p, f);
        return;
    }
    f.kind = op == WX_OP_TRY ? WX_FRAME_FOLD_TRY : WX_FRAME_FOLD_BLOCK;
    wx_p_mark(p, &p->code, at.off);
    f.label = block_head(p, op, &p->code.b);
    push_frame(p, f);
    push_label(p, f.label);
}

static void open_folded(struct wx_parser *p)
{
    struct wx_tok at = p->next;
    enum wx_op op = wx_p_find_op(p, at);
    wx_p_advance(p); /* the parenthesis */
    if (op == WX_OP_INVALID || op == WX_OP_ELSE || op == WX_OP_END || op == WX_OP_CATCH ||
        op == WX_OP_CATCH_ALL || op == WX_OP_DELEGATE) {
        if (p->tok.kind == WX_TOK_ATOM) {
            unknown_operator(p, at);
        } else {
            wx_p_unexpected(p, "an instruction");
        }
        return;
    }
    wx_p_advance(p);
    if (is_block(op)) {
        open_folded_block(p, op, at);
        return;
    }
    uint32_t pend = (uint32_t)p->pending.len;
    wx_p_instr(p, op, at, &p->pending);
    push_frame(p,
               (struct wx_text_frame){
                   .kind = WX_FRAME_FOLD_PLAIN, .op = (uint16_t)op, .off = at.off, .pend = pend});
}

static void close_folded(struct wx_parser *p, struct wx_text_frame *f)
{
    uint32_t off = p->tok.off;
    switch ((enum wx_frame_kind)f->kind) {
    case WX_FRAME_FLAT: wx_p_unexpected(p, "'end' of a block"); return;
    case WX_FRAME_FOLD_PLAIN:
        wx_p_mark(p, &p->code, f->off);
        wx_strbuf_add(&p->code.b, wx_strbuf_str(&p->pending) + f->pend, p->pending.len - f->pend);
        p->pending.len = f->pend;
        break;
    case WX_FRAME_FOLD_IF:
    case WX_FRAME_FOLD_TRY:
        if (f->state == 0) {
            wx_p_unexpected(p, f->kind == WX_FRAME_FOLD_IF ? "'(then'" : "'(do'");
            return;
        }
        __attribute__((fallthrough));
    case WX_FRAME_FOLD_BLOCK:
        pop_label(p);
        if (!f->no_end) {
            emit_op(p, WX_OP_END, off);
        }
        break;
    case WX_FRAME_ARM: break;
    }
    wx_p_advance(p);
    p->frames.n--;
}

/* -------- sequences -------- */

/* One step; false when the sequence has ended (or failed). */
static bool step(struct wx_parser *p, size_t base)
{
    struct wx_text_frame *f = top(p, base);
    bool operands =
        f && (f->kind == WX_FRAME_FOLD_PLAIN || (f->kind == WX_FRAME_FOLD_IF && f->state == 0));
    bool arms = f && (f->kind == WX_FRAME_FOLD_IF || f->kind == WX_FRAME_FOLD_TRY);
    if (p->tok.kind == WX_TOK_RPAR) {
        if (!f) {
            return false;
        }
        close_folded(p, f);
    } else if (p->tok.kind == WX_TOK_LPAR) {
        if (f && f->kind == WX_FRAME_FOLD_TRY) {
            try_arm(p, f);
        } else if (arms && (!operands || wx_p_at(p, "then") || wx_p_at(p, "else"))) {
            if_arm(p, f);
        } else {
            open_folded(p);
        }
    } else if (p->tok.kind == WX_TOK_ATOM && !operands && !arms) {
        flat(p, f);
    } else {
        wx_p_unexpected(p, operands || arms ? "'(' or ')'" : "an instruction");
    }
    return wx_p_ok(p);
}

/* Open constructs that a failure left behind would confuse nobody, but their labels would. */
static void begin(struct wx_parser *p)
{
    p->code.b.len = 0;
    p->code.marks.n = 0;
    p->pending.len = 0;
    p->frames.n = 0;
    p->labels.n = 0;
}

void wx_p_expr(struct wx_parser *p)
{
    begin(p);
    while (step(p, 0)) {
    }
    emit_op(p, WX_OP_END, p->tok.off);
}

void wx_p_folded_expr(struct wx_parser *p)
{
    begin(p);
    if (p->tok.kind != WX_TOK_LPAR) {
        wx_p_unexpected(p, "a folded instruction");
    }
    while (step(p, 0) && p->frames.n > 0) {
    }
    emit_op(p, WX_OP_END, p->tok.off);
}
