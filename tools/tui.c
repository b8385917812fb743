#include "tui.h"

#include <stdlib.h>
#include <string.h>

#include "heading.h"

static const tp_sort_key sort_keys[] = { TP_SORT_CUMULATIVE, TP_SORT_TIME, TP_SORT_CALLS,
                                         TP_SORT_NAME };
#define SORT_KEY_COUNT (sizeof sort_keys / sizeof *sort_keys)

static const char *const unit_names[] = { "auto", "s", "ms", "us", "ns" };
#define UNIT_COUNT (sizeof unit_names / sizeof *unit_names)

/* Lines that are no rows: heading, thread, the titles of panes, the last line. */
#define LINES_BESIDE_PANES 5
#define LINES_BESIDE_ONE 4

tp_sort_key tp_tui_sort_key(const tp_tui *t)
{
    return sort_keys[t->sorted_by];
}

void tp_tui_say(tp_tui *t, const char *text)
{
    snprintf(t->message, sizeof t->message, "%s", text);
}

static size_t count_of(const tp_tui *t, tp_tui_pane pane)
{
    return pane == TP_PANE_TREE ? t->tree.count : t->row_count;
}

size_t tp_tui_height(const tp_tui *t, tp_tui_pane pane)
{
    if (t->lines < TP_TUI_LEAST_LINES)
        return 0;
    if (t->alone)
        return pane == t->pane ? t->lines - LINES_BESIDE_ONE : 0;
    size_t both = t->lines - LINES_BESIDE_PANES, upper = both * 3 / 5;
    return pane == TP_PANE_TREE ? upper : both - upper;
}

uint32_t tp_tui_selected(const tp_tui *t)
{
    size_t cursor = t->cursor[t->pane];
    if (cursor >= count_of(t, t->pane))
        return TP_NO_INDEX;
    return t->pane == TP_PANE_TABLE ? t->rows[cursor]
                                    : t->tree.order.tree->contexts[t->tree.rows[cursor]].function;
}

/* The cursor stays among the rows, and on the screen. */
static void scroll(tp_tui *t, tp_tui_pane pane)
{
    size_t count = count_of(t, pane), height = tp_tui_height(t, pane);
    if (t->cursor[pane] >= count)
        t->cursor[pane] = count > 0 ? count - 1 : 0;
    if (t->top[pane] > t->cursor[pane])
        t->top[pane] = t->cursor[pane];
    if (height > 0 && t->cursor[pane] >= t->top[pane] + height)
        t->top[pane] = t->cursor[pane] - height + 1;
    if (height > 0 && t->top[pane] + height > count)
        t->top[pane] = count > height ? count - height : 0;
}

static void select_row(tp_tui *t, uint32_t function)
{
    for (size_t i = 0; i < t->row_count; i++) {
        if (t->rows[i] == function)
            t->cursor[TP_PANE_TABLE] = i;
    }
}

/* The table goes along with the tree. The tree stays where it is: a function may be in many places. */
static void settle(tp_tui *t)
{
    scroll(t, TP_PANE_TREE);
    if (t->pane == TP_PANE_TREE && tp_tui_selected(t) != TP_NO_INDEX)
        select_row(t, tp_tui_selected(t));
    scroll(t, TP_PANE_TABLE);
}

void tp_tui_resize(tp_tui *t, size_t columns, size_t lines)
{
    t->columns = columns;
    t->lines = lines;
    settle(t);
}

static tp_status sort_rows(tp_tui *t)
{
    tp_order order = { .keys = { tp_tui_sort_key(t) }, .key_count = 1, .reverse = t->reverse };
    uint32_t *rows, selected = tp_tui_selected(t);
    size_t count;
    t->whole = tp_total_time(t->profile);
    tp_status status = tp_rows_sort(&rows, &count, t->profile, &order);
    if (status != TP_OK)
        return status;
    free(t->rows);
    t->rows = rows;
    t->row_count = count;
    if (selected != TP_NO_INDEX)
        select_row(t, selected);
    return TP_OK;
}

/* The tree of another thread, or of the same with other times: then what is unfolded stays so. */
static tp_status show_thread(tp_tui *t, size_t thread)
{
    tp_tui_tree made;
    if (thread >= tp_profile_thread_count(t->profile))
        return TP_OK;
    tp_status status = tp_tui_tree_make(&made, &tp_profile_threads(t->profile)[thread]);
    if (status != TP_OK) {
        tp_tui_tree_free(&made);
        return status;
    }
    size_t cursor = 0;
    if (thread == t->thread && t->tree.count > 0) {
        tp_tui_tree_open_as(&made, &t->tree);
        cursor = tp_tui_tree_reveal(&made, t->tree.rows[t->cursor[TP_PANE_TREE]]);
    }
    tp_tui_tree_free(&t->tree);
    t->tree = made;
    t->thread = thread;
    t->cursor[TP_PANE_TREE] = cursor;
    t->top[TP_PANE_TREE] = 0;
    return TP_OK;
}

tp_status tp_tui_make(tp_tui *t, const tp_arguments *arguments, tp_profile *profile)
{
    const char *unit = tp_argument(arguments, "unit");
    *t = (tp_tui){ .arguments = arguments, .profile = profile, .columns = 80, .lines = 24 };
    t->unit = unit != NULL ? unit : "auto";
    tp_status status = show_thread(t, 0);
    if (status == TP_OK)
        status = sort_rows(t);
    if (status == TP_OK)
        settle(t);
    return status;
}

void tp_tui_free(tp_tui *t)
{
    tp_tui_tree_free(&t->tree);
    tp_pattern_destroy(t->pattern);
    free(t->rows);
    *t = (tp_tui){ .profile = NULL };
}

static void say_status(tp_tui *t, tp_status status)
{
    if (status != TP_OK)
        tp_tui_say(t, tp_status_message(status));
}

static const tp_label *label_of(const void *profile, uint32_t function)
{
    return &tp_profile_functions(profile)[function].label;
}

/* By function: whether its label matches. Owned by the caller; NULL without memory. */
static char *all_matches(const tp_tui *t)
{
    size_t all = tp_profile_function_count(t->profile), count = all;
    tp_pstats_limit limit = { .kind = TP_LIMIT_PATTERN, .pattern = t->pattern };
    const tp_limits limits = { .limits = &limit, .count = 1 };
    uint32_t *items = calloc(all + 1, sizeof *items);
    char *found = calloc(all + 1, 1);
    tp_status status = items == NULL || found == NULL ? TP_ENOMEM : TP_OK;
    for (uint32_t i = 0; status == TP_OK && i < all; i++)
        items[i] = i;
    if (status == TP_OK)
        status = tp_limits_apply(&limits, items, &count, label_of, t->profile);
    for (size_t i = 0; status == TP_OK && i < count; i++)
        found[items[i]] = 1;
    free(items);
    if (status == TP_OK)
        return found;
    free(found);
    return NULL;
}

static int search_rows(tp_tui *t, const char *found, int forward)
{
    size_t at = t->cursor[TP_PANE_TABLE];
    for (size_t i = 0; i < t->row_count; i++) {
        at = forward ? (at + 1) % t->row_count : (at + t->row_count - 1) % t->row_count;
        if (found[t->rows[at]]) {
            t->cursor[TP_PANE_TABLE] = at;
            return 1;
        }
    }
    return 0;
}

static int search_tree(tp_tui *t, const char *found, int forward)
{
    const tp_thread_tree *tree = t->tree.order.tree;
    if (t->tree.count == 0)
        return 0;
    uint32_t at = t->tree.rows[t->cursor[TP_PANE_TREE]];
    for (size_t i = 0; i < tree->context_count; i++) {
        at = forward ? tp_tui_tree_after(&t->tree, at) : tp_tui_tree_before(&t->tree, at);
        if (found[tree->contexts[at].function]) {
            t->cursor[TP_PANE_TREE] = tp_tui_tree_reveal(&t->tree, at);
            return 1;
        }
    }
    return 0;
}

static void search(tp_tui *t, int forward)
{
    if (t->pattern == NULL) {
        tp_tui_say(t, "nothing to search for yet: /");
        return;
    }
    char *found = all_matches(t);
    int ok = found != NULL && (t->pane == TP_PANE_TREE ? search_tree(t, found, forward)
                                                       : search_rows(t, found, forward));
    if (found == NULL)
        say_status(t, TP_ENOMEM);
    else if (!ok)
        snprintf(t->message, sizeof t->message, "not found: %s", t->search);
    free(found);
}

/* Patterns without capitals find them, too. */
static tp_status make_pattern(tp_pattern **pattern, const char *text, tp_error *error)
{
    char ignoring[TP_TUI_SEARCH + 8];
    int capitals = 0;
    for (const char *at = text; *at != '\0'; at++)
        capitals |= *at >= 'A' && *at <= 'Z';
    snprintf(ignoring, sizeof ignoring, "%s%s", capitals || text[0] == '(' ? "" : "(?i)", text);
    return tp_pattern_create(pattern, ignoring, strlen(ignoring), NULL, error);
}

static void end_search(tp_tui *t)
{
    tp_pattern *made;
    tp_error error;
    t->mode = TP_MODE_PANES;
    if (t->search_size == 0)
        return;
    tp_status status = make_pattern(&made, t->search, &error);
    if (status != TP_OK) {
        snprintf(t->message, sizeof t->message, "%s: %s", t->search,
                 status == TP_ENOMEM ? tp_status_message(status) : error.message);
        return;
    }
    tp_pattern_destroy(t->pattern);
    t->pattern = made;
    search(t, 1);
}

static void erase_character(tp_tui *t)
{
    if (t->search_size == 0)
        t->mode = TP_MODE_PANES;
    while (t->search_size > 0) {
        unsigned char last = (unsigned char)t->search[--t->search_size];
        t->search[t->search_size] = '\0';
        if ((last & 0xC0) != 0x80)
            return;
    }
}

static void type_character(tp_tui *t, uint32_t code)
{
    char bytes[4];
    size_t size = 0;
    if (code < 0x20 || (code >= 0x7F && code < 0xA0) || (code >= 0xD800 && code < 0xE000))
        return;
    if (code < 0x80) {
        bytes[size++] = (char)code;
    } else {
        int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
        static const unsigned leads[] = { 0, 0xC0, 0xE0, 0xF0 };
        bytes[size++] = (char)(leads[more] | code >> (6 * more));
        while (more-- > 0)
            bytes[size++] = (char)(0x80 | ((code >> (6 * more)) & 0x3F));
    }
    if (t->search_size + size >= sizeof t->search)
        return;
    memcpy(t->search + t->search_size, bytes, size);
    t->search_size += size;
    t->search[t->search_size] = '\0';
}

static void search_key(tp_tui *t, uint32_t key)
{
    if (key == TP_KEY_ENTER)
        end_search(t);
    else if (key == TP_KEY_ESCAPE)
        t->mode = TP_MODE_PANES;
    else if (key == TP_KEY_ERASE)
        erase_character(t);
    else if (key < TP_KEY_UP)
        type_character(t, key);
}

/* Moving and folding. */

static void move(tp_tui *t, uint32_t key)
{
    size_t *cursor = &t->cursor[t->pane], count = count_of(t, t->pane);
    size_t page = tp_tui_height(t, t->pane), last = count > 0 ? count - 1 : 0;
    switch (key) {
    case TP_KEY_UP:
        *cursor -= *cursor > 0;
        break;
    case TP_KEY_DOWN:
        *cursor += *cursor < last;
        break;
    case TP_KEY_PAGE_UP:
        *cursor -= *cursor < page ? *cursor : page;
        break;
    case TP_KEY_PAGE_DOWN:
        *cursor = last - *cursor < page ? last : *cursor + page;
        break;
    case TP_KEY_HOME:
        *cursor = 0;
        break;
    default:
        *cursor = last;
    }
}

static void fold(tp_tui *t, int open, int all)
{
    tp_tui_tree_open(&t->tree, t->cursor[TP_PANE_TREE], open, all);
}

static int is_open(const tp_tui *t)
{
    uint32_t context = t->tree.rows[t->cursor[TP_PANE_TREE]];
    return t->tree.open[context] && tp_tui_tree_has_children(&t->tree, context);
}

/* Keys of the tree that has rows. */
static void tree_key(tp_tui *t, uint32_t key)
{
    size_t *cursor = &t->cursor[TP_PANE_TREE];
    uint32_t context = t->tree.rows[*cursor];
    switch (key) {
    case TP_KEY_ENTER:
    case '+':
    case ' ':
        fold(t, !is_open(t), 0);
        break;
    case 'e':
    case 'c':
        fold(t, key == 'e', 0);
        break;
    case 'E':
    case 'C':
        fold(t, key == 'E', 1);
        break;
    case TP_KEY_LEFT:
        if (is_open(t))
            fold(t, 0, 0);
        else
            *cursor = tp_tui_tree_parent(&t->tree, *cursor);
        break;
    case TP_KEY_RIGHT:
    case 'l':
        if (is_open(t) || key == 'l') {
            fold(t, 1, 0);
            *cursor += (size_t)tp_tui_tree_has_children(&t->tree, context);
        } else {
            fold(t, 1, 0);
        }
        break;
    case 'u':
        *cursor = tp_tui_tree_parent(&t->tree, *cursor);
        break;
    case 'n':
        *cursor = tp_tui_tree_next(&t->tree, *cursor);
        break;
    case 'p':
        *cursor = tp_tui_tree_previous(&t->tree, *cursor);
        break;
    default:
        break;
    }
}

/* From a row to where in the tree the function took most. */
static void go_to_heaviest(tp_tui *t)
{
    uint32_t function = tp_tui_selected(t), found = TP_NO_INDEX;
    const tp_thread_tree *tree = t->tree.order.tree;
    for (uint32_t i = 0; tree != NULL && i < tree->context_count; i++) {
        if (tree->contexts[i].function == function &&
            (found == TP_NO_INDEX ||
             tree->contexts[i].inclusive_ticks > tree->contexts[found].inclusive_ticks))
            found = i;
    }
    if (found == TP_NO_INDEX) {
        tp_tui_say(t, tp_profile_property(t->profile, "tree") != NULL
                          ? "too little for the estimated tree"
                          : "not called in this thread");
        return;
    }
    t->cursor[TP_PANE_TREE] = tp_tui_tree_reveal(&t->tree, found);
    t->pane = TP_PANE_TREE;
}

static void change_times(tp_tui *t)
{
    tp_times other = tp_profile_times(t->profile) == TP_TIMES_RAW ? TP_TIMES_COMPENSATED
                                                                  : TP_TIMES_RAW;
    if (!tp_profile_has_both_times(t->profile)) {
        tp_tui_say(t, "the file has its times once only");
        return;
    }
    tp_status status = tp_profile_show_times(t->profile, other);
    if (status == TP_OK)
        status = show_thread(t, t->thread);
    if (status == TP_OK)
        status = sort_rows(t);
    say_status(t, status);
}

static void change_unit(tp_tui *t)
{
    size_t at = 0;
    while (at < UNIT_COUNT && strcmp(unit_names[at], t->unit) != 0)
        at++;
    t->unit = unit_names[(at + 1) % UNIT_COUNT];
}

static void change_thread(tp_tui *t, int forward)
{
    size_t count = tp_profile_thread_count(t->profile);
    if (count < 2)
        tp_tui_say(t, "there is no other thread");
    else
        say_status(t, show_thread(t, (t->thread + (forward ? 1 : count - 1)) % count));
}

static void change_order(tp_tui *t, uint32_t key)
{
    if (key == 's')
        t->sorted_by = (t->sorted_by + 1) % SORT_KEY_COUNT;
    else
        t->reverse = !t->reverse;
    say_status(t, sort_rows(t));
}

/* Keys that are the same in both panes. 0: it is none of them. */
static int common_key(tp_tui *t, uint32_t key)
{
    switch (key) {
    case '\t':
        t->pane = t->pane == TP_PANE_TREE ? TP_PANE_TABLE : TP_PANE_TREE;
        break;
    case 'g':
    case 'G':
        t->pane = TP_PANE_TREE;
        break;
    case 'r':
    case 'R':
        t->pane = TP_PANE_TABLE;
        break;
    case 'f':
        t->alone = !t->alone;
        break;
    case 's':
    case 'S':
        change_order(t, key);
        break;
    case 't':
    case 'T':
        change_thread(t, key == 't');
        break;
    case 'x':
        change_times(t);
        break;
    case 'm':
        change_unit(t);
        break;
    case '/':
        t->mode = TP_MODE_SEARCH;
        t->search_size = 0;
        t->search[0] = '\0';
        break;
    case '>':
    case 'N':
    case '<':
    case 'P':
        search(t, key == '>' || key == 'N');
        break;
    case 'h':
    case '?':
        t->mode = TP_MODE_HELP;
        break;
    default:
        return 0;
    }
    return 1;
}

static void pane_key(tp_tui *t, uint32_t key)
{
    if (key == 'k' || key == 'j')
        key = key == 'k' ? TP_KEY_UP : TP_KEY_DOWN;
    if (common_key(t, key))
        return;
    if (key == TP_KEY_UP || key == TP_KEY_DOWN || (key >= TP_KEY_PAGE_UP && key <= TP_KEY_END))
        move(t, key);
    else if (t->pane == TP_PANE_TREE && t->tree.count > 0)
        tree_key(t, key);
    else if (t->pane == TP_PANE_TABLE && key == TP_KEY_ENTER && t->row_count > 0)
        go_to_heaviest(t);
}

tp_tui_action tp_tui_key(tp_tui *t, uint32_t key)
{
    t->message[0] = '\0';
    if (t->mode == TP_MODE_SEARCH) {
        search_key(t, key);
    } else if (t->mode == TP_MODE_HELP) {
        t->mode = TP_MODE_PANES;
    } else if (key == 'q') {
        return TP_TUI_LEAVE;
    } else if (key == 'O') {
        return TP_TUI_EDIT;
    } else {
        pane_key(t, key);
    }
    settle(t);
    return TP_TUI_GO_ON;
}
