"""The numbers that host and loops agree on. Loops name them, and both compilers read them here.

A file of numbers alone: the build reads it without numloss.
"""

import math

# Dtypes of operands: that of the data, then by kind and bytes. What loops find at the address of another dtype they
# convert to that of the data.
DATA, F4, F8, I1, U1, I2, U2, I4, U4, I8, U8, F2, B2 = range(13)
# Not a dtype: an operand whose entries are chosen by the values of an input, the one that its layout names.
TABLE = 15
# By the characters of NumPy; bfloat16 is that of ml_dtypes or two bytes of a name, see numloss/common/halves.py.
CODES = {"f": F4, "d": F8, "b": I1, "B": U1, "?": U1, "h": I2, "H": U2, "i": I4, "I": U4}
CODES |= {"l": I8, "q": I8, "L": U8, "Q": U8, "e": F2, "E": B2, "V": B2}

# Layouts of operands: C order, one number for all; column j of k on the last axis of an array in C order is
# FIRST_COLUMN - COLUMNS * k - j; anything above 0 is the address of ndim, shape and strides in bytes.
IN_ORDER, EVERYWHERE, FIRST_COLUMN, COLUMNS = 0, -1, -2, 16

# Checks of a number: none; within its ends, not NaN; a whole number within them; within them or NaN; anything but NaN.
UNCHECKED, NUMBER, WHOLE, NUMBER_OR_NAN, NOT_NAN = 0, 1, 2, 3, 4

# What a tile of elements finds among its numbers after the parameters of its law: what slopes and curvatures are
# multiplied by, what no curvature is below, and both ends of each input.
SCALE, LEAST, ENDS = 16, 17, 18

# Where a value outside its domain is: the number of its input, or the weight.
WEIGHT_OPERAND, PREDICTION_OPERAND, TARGET_OPERAND, EVENT_OPERAND = 15, 0, 1, 2
# The same for chosen actions.
ACTION_OPERAND, REWARD_OPERAND, DONE_OPERAND, NEXT_ACTION_OPERAND = 1, 2, 4, 5

# A block that got no memory, where its first row is; an example that the loop of its loss refuses.
NO_MEMORY, REFUSED = 14, 13

# What an array of whole examples is: numbers of the data's dtype, labels, or how many rows of others count.
NUMBERS, LABELLED, LENGTHS = 0, 1, 2

# Whether values are weighted: not at all; by weights, which are not negative; or by numbers of any sign, which nobody
# checks.
UNWEIGHTED, WEIGHTED, SIGNED = 0, 1, 2

# What is computed: the loss, its gradient as well, its curvature as well.
VALUE, GRADIENT, CURVATURE = 0, 1, 2
# Beside these, of rows of scores: the product of all second derivatives with a vector, or all of them; and how many
# classes a row may have whose second derivatives are wanted one by one.
PRODUCT, MATRICES, MOST_CLASSES = 3, 4, 512

# Which curvature: the second derivative; one that is positive and majorises; of a loss that is even in the residual and
# no steeper than a parabola beyond it, slope / residual, which majorises and is the least parabola that does.
EXACT, BOUND, TIGHT = 0, 1, 2

# Scores of rows.
LOGITS, LOG_PROBABILITIES, PROBABILITIES = 0, 1, 2
# Targets of rows. INDICATORS: a number in [0, 1] for each class; MEMBERS: 0 or 1 for each class; SCORES: logits. From
# PLACED on a number for each row, of which each class has a share, see rowwise_places.py.
LABELS, DISTRIBUTION, LOG_DISTRIBUTION, INDICATORS, MEMBERS, SCORES, PLACED, SPREAD = range(8)
# How the points are spaced among which a number is placed: evenly; where logarithms of numbers lie evenly, by which
# numbers are placed, too; or there, but numbers are placed as they are.
LINEAR, SYMLOG, SYMEXP = range(3)
# What a law of rows is of: the label's cross-entropy; or each class, for the sum, the mean or the largest of them, for
# those above a threshold, for logits, or for the mean over all pairs of a class that is none of several labels and one
# that is; or of the ratio of a class's probability to that of the target, for the sum; or of each level that a label
# may be above, one fewer than there are labels, for the sum; or of those above a threshold of halves of the scores, of
# which the squares of what is above it are probabilities; or of a share of the scores, of which the power with the
# inverse of that share is.
OF_LABEL, SUM, MEAN, LARGEST, SPARSE, LOGIT, PAIRS, RATIO, LEVELS, SPARSE_SQUARES, SPARSE_POWERS = range(11)

# What becomes of the classes that a target does not name: one class more of both distributions; they are left out of
# both; or the target has none of them.
REST_OF_BOTH, REST_DROPPED, REST_OF_SCORES = 0, 1, 2

# How scores of pixels become probabilities of classes: they are some already, each by itself, or those of a pixel
# together.
NO_ACTIVATION, SIGMOID, SOFTMAX = 0, 1, 2

# Sums over the entries of two vectors: (x - y)^2, |x - y|, x * y; or nothing, a sum of 0 without a slope; and x * x of
# one. Where squares would overflow or vanish, entries are divided by a unit first, and the sum by its square. A law of
# products alone must not depend on units; any other one takes them, and gives slopes times them.
SQUARES, DISTANCES, PRODUCTS, NOTHING, OWN_SQUARES = 0, 1, 2, 3, 4

# What is kept of a plan of transport from step to step: its costs, which are computed now or before; or its powers for
# potentials near those of now, which are made of the costs now or were before.
COSTS_MADE, COSTS_KEPT, POWERS_MADE, POWERS_KEPT = 0, 1, 2, 3

# Elements of a block, until there are too many blocks.
BLOCK, MOST_BLOCKS = 16384, 65536


def check_of(low: float, high: float, integers: bool, free: bool, prediction: bool) -> int:
    """The check of a domain. A NaN is data in a prediction and an error anywhere else."""
    if free:
        return UNCHECKED
    if integers:
        return WHOLE
    if low == -math.inf and high == math.inf:
        return UNCHECKED if prediction else NOT_NAN
    return NUMBER_OR_NAN if prediction else NUMBER


def block_size(elements: int) -> int:
    """Elements of a block: a function of the problem's size alone, so that sums do not depend on threads."""
    size = BLOCK
    while elements > size * MOST_BLOCKS:
        size *= 2
    return size


def simplified(shape: tuple[int, ...], strides: tuple[int, ...]) -> tuple[list[int], list[int]]:
    """Shape and strides with axes merged where one stride describes both."""
    merged_shape, merged_strides = [1], [0]
    for size, stride in zip(shape, strides, strict=True):
        if size == 1:
            continue
        if merged_shape[-1] == 1:
            merged_shape[-1], merged_strides[-1] = size, stride
        elif merged_strides[-1] == size * stride:
            merged_shape[-1] *= size
            merged_strides[-1] = stride
        else:
            merged_shape.append(size)
            merged_strides.append(stride)
    return merged_shape, merged_strides
