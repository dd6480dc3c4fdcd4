# Sourced by the jobs: puts a suitable Python in front of PATH under the name python3.
# A machine may have one only under its full name.
if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    shim_folder=$(mktemp -d)
    trap 'rm -rf "$shim_folder"' EXIT
    # A script and not a link: a virtual environment would keep pointing at the link.
    printf '#!/bin/sh\nexec python3.11 "$@"\n' > "$shim_folder/python3"
    chmod +x "$shim_folder/python3"
    export PATH="$shim_folder:$PATH"
fi

# Tests with n_jobs start processes; more than one thread in each makes them fight for
# the cores and run many times slower.
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1
