"""Speed measured fairly: numloss and other libraries take turns, and a copy of the same bytes takes turns among them.

`cases` and `arrays` say what is measured, `contest` how, `peers` against whom. `run` measures any losses for
`numloss bench`, `saved` keeps what was found in the format of pytest-benchmark, `gate` tells whether something became
slower, `plot` draws. What is measured for the project itself lies in benchmarks/ of its source, and uses all of this.
"""
