/* SPDX-License-Identifier: Apache-2.0 */
/* Intrusive doubly linked list. */
#ifndef WX_BASE_LIST_H
#define WX_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

/* A node inside the element; also the type of a node that is in no list (both NULL). */
struct wx_list_node {
    struct wx_list_node *prev, *next;
};

/* Circular with a sentinel; initialise before use. */
struct wx_list {
    struct wx_list_node head;
};

static inline void wx_list_init(struct wx_list *list)
{
    list->head.prev = list->head.next = &list->head;
}
static inline bool wx_list_empty(const struct wx_list *list)
{
    return list->head.next == &list->head;
}
static inline void wx_list_add(struct wx_list *list, struct wx_list_node *node) /* at the end */
{
    node->prev = list->head.prev;
    node->next = &list->head;
    list->head.prev->next = node;
    list->head.prev = node;
}
static inline void wx_list_remove(struct wx_list_node *node) /* idempotent */
{
    if (node->next) {
        node->prev->next = node->next;
        node->next->prev = node->prev;
        node->prev = node->next = NULL;
    }
}
static inline struct wx_list_node *wx_list_first(const struct wx_list *list)
{
    return wx_list_empty(list) ? NULL : list->head.next;
}
static inline struct wx_list_node *wx_list_next(const struct wx_list *list,
                                                const struct wx_list_node *node)
{
    return node->next == &list->head ? NULL : node->next;
}
#define WX_LIST_ENTRY(NODE, TYPE, FIELD) ((TYPE *)(void *)((char *)(NODE) - offsetof(TYPE, FIELD)))

#endif
