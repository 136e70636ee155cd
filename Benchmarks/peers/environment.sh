# Sourced by the bench scripts: sets `python`, in an environment outside the project that it makes if there is none.
environment=${VBPREP_BENCH_ENV:-${XDG_CACHE_HOME:-$HOME/.cache}/vbprep-bench}
python="$environment/bin/python"
if ! cmp -s Benchmarks/peers/requirements.txt "$environment/requirements.txt"; then
    python3 -m venv "$environment"
    "$environment/bin/pip" install -q -r Benchmarks/peers/requirements.txt
    cp Benchmarks/peers/requirements.txt "$environment"
fi
