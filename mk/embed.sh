#!/bin/sh
# The page of lib/emit/page as C, on standard output. Which files, and in which order, says sources.txt.
# The Makefile and setup.py call it.
set -eu
export LC_ALL=C
cd "$(dirname "$0")/.."

files() { # suffix
    sed -n "s/^page \(.*\.$1\)$/\1/p" sources.txt
}

part() { # name; bytes on standard input
    printf 'const unsigned char tp_page_%s[] = {\n' "$1"
    od -An -v -tu1 | sed 's/  */,/g; s/^,//; s/$/,/'
    printf '};\nconst size_t tp_page_%s_size = sizeof tp_page_%s;\n' "$1" "$1"
}

# Indentation, comments and most spaces are for those who read the sources.
bare() {
    sed -e 's/^ *//' -e '/^$/d' "$@"
}

bare_style() {
    bare "$@" | tr -d '\n' | sed -e 's/\([:;,{}]\) /\1/g' -e 's/ \([{}]\)/\1/g' -e 's/;}/}/g' \
        -e 's/\([ :(,]\)0\./\1./g'
}

bare_script() {
    echo '(() => {"use strict";'
    awk -f mk/squeeze.awk pass=1 "$@" pass=2 "$@"
    echo '})();'
}

echo '/* Made by mk/embed.sh. */'
echo '#include "page_parts.h"'
# shellcheck disable=SC2046 -- names without spaces
bare $(files html) | part frame
# shellcheck disable=SC2046
bare_style $(files css) | part style
# shellcheck disable=SC2046
bare_script $(files js) | part script
