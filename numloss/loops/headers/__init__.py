"""What a loop reads of a problem and what it leaves behind: declared once, for the host, Numba, C and CUDA.

A header is a struct of eight-byte numbers in the order of its annotations:

    rows: Int                            an integer; or the address of an array object, or of machine code
    scale: Double                        a float64, whatever the data
    pred: Operand                        another header inside of this one
    inputs: Many[Operand] = many(8)      room for up to eight; likewise Many[Int] and Many[Double]

A loop reads them by name: `c.rows`, `c.pred.kind`, `c.inputs[k].kind`. The host writes them by name, all of them, as
with any dataclass; what a `Many` has no numbers for is 0, and an operand of zeros is absent. A header that only
loops write is no dataclass. One that inherits from another begins with its fields, so that what loops over the one
reads the other, too. The build reads this folder without numloss.
"""

from .action_value import ActionStrides, ActionValue
from .clouds import Clouds
from .common import Bounds, Operand, Result, Weights
from .counting import Chosen, Cuts, Scored, Walk, WeightedWalk
from .elementwise import Copied, Elementwise, ElementwiseSums
from .embedding import Embedding, Vectors, VectorSum
from .examplewise import ExampleArray, Examples, ExampleSlopes, Examplewise
from .layers import Layer, Linear, Window
from .packed import Centred, Packed
from .products import Matrix, Product
from .ranked import Carried, Discounts, Rank, Ranked, RiskSums, SmoothRanks, StepSums
from .regional import Regions, RegionSums, SortedRegions, TileNumbers
from .rowwise import ClassRow, Distilled, Excess, Hessians, Measures, Pull, Ratios, Row, Rowwise, Soon, Steps, Topk
from .scans import Scan, Strip
from .sequence import Power, Sequence, SequenceStrides
from .similarity import Pairs
from .stored import StoredArray, StoredRows
from .structs import Double, Header, Int, Many, Place, headers, many, size_of
from .tokens import TokenPair, TokenRow, Tokens

HEADERS = headers()

__all__ = [
    "HEADERS",
    "Header",
    "Place",
    "headers",
    "Double",
    "Int",
    "Many",
    "many",
    "size_of",
    "ActionStrides",
    "ActionValue",
    "Bounds",
    "Carried",
    "Centred",
    "Chosen",
    "Clouds",
    "ClassRow",
    "Copied",
    "Cuts",
    "Discounts",
    "Distilled",
    "Elementwise",
    "ElementwiseSums",
    "Embedding",
    "ExampleArray",
    "ExampleSlopes",
    "Examples",
    "Examplewise",
    "Excess",
    "Hessians",
    "Layer",
    "Linear",
    "Matrix",
    "Measures",
    "Operand",
    "Packed",
    "Pairs",
    "Power",
    "Product",
    "Pull",
    "Rank",
    "Ratios",
    "Ranked",
    "RegionSums",
    "Regions",
    "Result",
    "RiskSums",
    "Row",
    "Rowwise",
    "Scan",
    "Scored",
    "Sequence",
    "SequenceStrides",
    "SmoothRanks",
    "Soon",
    "SortedRegions",
    "StepSums",
    "Steps",
    "StoredArray",
    "StoredRows",
    "Strip",
    "TileNumbers",
    "TokenPair",
    "TokenRow",
    "Tokens",
    "Topk",
    "VectorSum",
    "Vectors",
    "Walk",
    "WeightedWalk",
    "Weights",
    "Window",
]
