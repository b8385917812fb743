# JavaScript without indentation, comments of their own lines, and spaces that part nothing, to keep pages small. Strings are in
# double quotes; a slash begins a regular expression where no value stands before it.

function is_word(c) { return c ~ /[A-Za-z0-9_$]/ || c > "~" }

function string_end(at) {
    for (at++; substr(line, at, 1) != "\""; at++)
        if (substr(line, at, 1) == "\\") at++
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
        out = out substr(line, i, end - i + 1)
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
