# JavaScript without indentation, comments of their own lines, and spaces that part nothing, and with short names for what stands
# at the top, to keep pages small. Strings are in double quotes; a slash begins a regular expression where no value
# stands before it. All files are given twice: first to find the names.

# Names of properties stay, whatever else has them. No name at the top stands alone in an object's braces.
function note_names(   rest, name) {
    if (match(line, /^(async )?function [A-Za-z_]+\(/) || match(line, /^const [A-Z_]+ =/)) {
        name = substr(line, RSTART, RLENGTH)
        gsub(/^(async )?function |^const |\(| =/, "", name)
        top[++tops] = name
    }
    for (rest = line; match(rest, /\.[A-Za-z_]+|[A-Za-z_]+:/); rest = substr(rest, RSTART + RLENGTH)) {
        name = substr(rest, RSTART, RLENGTH)
        gsub(/[.:]/, "", name)
        is_property[name] = 1
    }
}

function give_names(   i, letters, number) {
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    for (i = 1; i <= tops; i++)
        if (!(top[i] in is_property))
            short[top[i]] = "$" (number >= 52 ? substr(letters, int(number / 52), 1) : "") \
                substr(letters, number++ % 52 + 1, 1)
}

function is_word(c) { return c ~ /[A-Za-z0-9_$]/ || c > "~" }

function string_end(at) {
    for (at++; substr(line, at, 1) != "\""; at++)
        if (substr(line, at, 1) == "\\") at++
    return at
}

function word_end(at) {
    while (is_word(substr(line, at + 1, 1))) at++
    return at
}

function regex_end(at,   set, c) {
    for (at++; (c = substr(line, at, 1)) != "/" || set; at++) {
        if (c == "\\") at++
        else if (c == "[") set = 1
        else if (c == "]") set = 0
    }
    return at
}

# Whether the end of a line is not needed to part it from the next one.
function joins(a, b) {
    return a == "" || a ~ /[;{,(\[=?:&|]$/ || a ~ /=>$/ || b ~ /^[.?:&|)\]]/ || b ~ /^}/ && a !~ /}$/
}

{
    line = $0
    if (pass == 1) {
        note_names()
        next
    }
    if (FNR == 1 && !named++) give_names()
    sub(/^ +/, "", line)
    if (line == "" || line ~ /^\/\//) next
    out = last = ""
    for (i = 1; i <= length(line); i++) {
        c = substr(line, i, 1)
        end = i
        if (c == "\"") end = string_end(i)
        else if (c == "/" && last ~ /^[(,=:!&|?{;]?$/) end = regex_end(i)
        else if (c == " ") {
            next_one = substr(line, i + 1, 1)
            if (!(is_word(last) && is_word(next_one)) && !(last == next_one && last ~ /[+-]/)) continue
        }
        else if (is_word(c)) end = word_end(i)
        piece = substr(line, i, end - i + 1)
        out = out (last != "." && piece in short ? short[piece] : piece)
        i = end
        last = substr(line, i, 1)
    }
    # Nothing here is ever assigned twice: that was for the reader.
    gsub(/^const/, "let", out)
    gsub(/for\(const/, "for(let", out)
    # A statement's end needs no line of its own, nor, before a bracket, a semicolon or comma.
    if (out ~ /^[}\])]/) sub(/[;,]$/, "", held)
    printf "%s%s", held, joins(held, out) ? "" : "\n"
    held = out
}

END { print held }
