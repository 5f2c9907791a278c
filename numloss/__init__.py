"""numloss: loss functions with their gradients and curvatures, at the speed of memory."""

import typing as _typing

from . import returns as returns
from .backends.threads import num_threads, set_num_threads
from .catalogue import list_losses
from .common.halves import BFLOAT16 as bfloat16
from .declare.frequencies import class_balanced_weight
from .declare.from_law import elementwise
from .declare.from_row_law import rowwise
from .dispatch import available_backends, use_backend
from .errors import BackendUnavailable, FormatError
from .evaluation import evaluate
from .losses.boxes.ciou import ciou
from .losses.boxes.diou import diou
from .losses.boxes.eiou import eiou
from .losses.boxes.giou import giou
from .losses.boxes.iou import iou
from .losses.boxes.mpdiou import mpdiou
from .losses.boxes.siou import siou
from .losses.classification.alpha_divergence import alpha_divergence
from .losses.classification.arcface import arcface
from .losses.classification.asymmetric_focal import asymmetric_focal
from .losses.classification.bce import bce
from .losses.classification.bce_with_logits import bce_with_logits
from .losses.classification.cosface import cosface
from .losses.classification.cross_entropy import cross_entropy
from .losses.classification.dino import dino
from .losses.classification.distillation import distillation
from .losses.classification.entmax import entmax
from .losses.classification.entmax15 import entmax15
from .losses.classification.exponential import exponential
from .losses.classification.focal import focal
from .losses.classification.generalized_cross_entropy import generalized_cross_entropy
from .losses.classification.heatmap_focal import heatmap_focal
from .losses.classification.hinge import hinge
from .losses.classification.js_div import js_div
from .losses.classification.js_logits import js_logits
from .losses.classification.kl_div import kl_div
from .losses.classification.kl_logits import kl_logits
from .losses.classification.ldam import ldam
from .losses.classification.linear_cross_entropy import linear_cross_entropy
from .losses.classification.load_balancing import load_balancing
from .losses.classification.logit_adjusted_cross_entropy import logit_adjusted_cross_entropy
from .losses.classification.modified_huber import modified_huber
from .losses.classification.multi_margin import multi_margin
from .losses.classification.multiclass_hinge import multiclass_hinge
from .losses.classification.multilabel_margin import multilabel_margin
from .losses.classification.multilabel_soft_margin import multilabel_soft_margin
from .losses.classification.nll import nll
from .losses.classification.perceptron import perceptron
from .losses.classification.poly1_cross_entropy import poly1_cross_entropy
from .losses.classification.quality_focal import quality_focal
from .losses.classification.router_z_loss import router_z_loss
from .losses.classification.seesaw import seesaw
from .losses.classification.skew_kl import skew_kl
from .losses.classification.soft_margin import soft_margin
from .losses.classification.softmax_focal import softmax_focal
from .losses.classification.sparsemax import sparsemax
from .losses.classification.squared_hinge import squared_hinge
from .losses.classification.symmetric_cross_entropy import symmetric_cross_entropy
from .losses.classification.total_variation import total_variation
from .losses.classification.varifocal import varifocal
from .losses.classification.wasserstein_gan import wasserstein_gan
from .losses.distributions.energy_distance import energy_distance
from .losses.distributions.mmd import mmd
from .losses.distributions.sinkhorn_divergence import sinkhorn_divergence
from .losses.embedding.barlow_twins import barlow_twins
from .losses.embedding.batch_hard_triplet import batch_hard_triplet
from .losses.embedding.circle import circle
from .losses.embedding.contrastive import contrastive
from .losses.embedding.cosent import cosent
from .losses.embedding.cosine_embedding import cosine_embedding
from .losses.embedding.hinge_embedding import hinge_embedding
from .losses.embedding.info_nce import info_nce
from .losses.embedding.koleo import koleo
from .losses.embedding.multi_similarity import multi_similarity
from .losses.embedding.nt_xent import nt_xent
from .losses.embedding.proxy_anchor import proxy_anchor
from .losses.embedding.proxy_nca import proxy_nca
from .losses.embedding.siglip import siglip
from .losses.embedding.supervised_contrastive import supervised_contrastive
from .losses.embedding.triplet_margin import triplet_margin
from .losses.embedding.vicreg import vicreg
from .losses.images.ms_ssim import ms_ssim
from .losses.images.ssim import ssim
from .losses.multitask.uncertainty_weighted import uncertainty_weighted
from .losses.probabilistic.beta_distribution_nll import beta_distribution_nll
from .losses.probabilistic.beta_nll import beta_nll
from .losses.probabilistic.censored_logistic import censored_logistic
from .losses.probabilistic.censored_normal import censored_normal
from .losses.probabilistic.coral import coral
from .losses.probabilistic.corn import corn
from .losses.probabilistic.cox import cox
from .losses.probabilistic.crps_ensemble import crps_ensemble
from .losses.probabilistic.crps_gaussian import crps_gaussian
from .losses.probabilistic.deephit import deephit
from .losses.probabilistic.dirichlet_multinomial_nll import dirichlet_multinomial_nll
from .losses.probabilistic.dirichlet_nll import dirichlet_nll
from .losses.probabilistic.energy_score import energy_score
from .losses.probabilistic.gamma_deviance import gamma_deviance
from .losses.probabilistic.gaussian_kl import gaussian_kl
from .losses.probabilistic.gaussian_nll import gaussian_nll
from .losses.probabilistic.gaussian_nll_logvar import gaussian_nll_logvar
from .losses.probabilistic.gaussian_prior_kl import gaussian_prior_kl
from .losses.probabilistic.generalized_pareto_nll import generalized_pareto_nll
from .losses.probabilistic.hurdle_negative_binomial_nll import hurdle_negative_binomial_nll
from .losses.probabilistic.hurdle_poisson_nll import hurdle_poisson_nll
from .losses.probabilistic.interval_score import interval_score
from .losses.probabilistic.laplace_nll import laplace_nll
from .losses.probabilistic.logistic_hazard import logistic_hazard
from .losses.probabilistic.loglogistic_aft import loglogistic_aft
from .losses.probabilistic.lognormal_aft import lognormal_aft
from .losses.probabilistic.mixture_nll import mixture_nll
from .losses.probabilistic.mixture_vector_nll import mixture_vector_nll
from .losses.probabilistic.mtlr import mtlr
from .losses.probabilistic.multi_quantile import multi_quantile, weighted_interval_score
from .losses.probabilistic.negative_binomial_nll import negative_binomial_nll
from .losses.probabilistic.ordinal_logistic import ordinal_logistic
from .losses.probabilistic.pc_hazard import pc_hazard
from .losses.probabilistic.pmf_survival import pmf_survival
from .losses.probabilistic.poisson_nll import poisson_nll
from .losses.probabilistic.ranked_probability import ranked_probability
from .losses.probabilistic.student_t_nll import student_t_nll
from .losses.probabilistic.tweedie import tweedie
from .losses.probabilistic.variogram_score import variogram_score
from .losses.probabilistic.von_mises_nll import von_mises_nll
from .losses.probabilistic.weibull_aft import weibull_aft
from .losses.probabilistic.zero_inflated_negative_binomial_nll import zero_inflated_negative_binomial_nll
from .losses.probabilistic.zero_inflated_poisson_nll import zero_inflated_poisson_nll
from .losses.ranking.approx_ndcg import approx_ndcg
from .losses.ranking.bpr import bpr
from .losses.ranking.lambdarank import lambdarank
from .losses.ranking.listmle import listmle
from .losses.ranking.listnet import listnet
from .losses.ranking.margin_mse import margin_mse
from .losses.ranking.margin_ranking import margin_ranking
from .losses.ranking.neural_ndcg import neural_ndcg
from .losses.ranking.ranknet import ranknet
from .losses.ranking.xendcg import xendcg
from .losses.regression.adaptive_robust import adaptive_robust
from .losses.regression.cauchy import cauchy
from .losses.regression.charbonnier import charbonnier
from .losses.regression.epsilon_insensitive import epsilon_insensitive
from .losses.regression.expectile import expectile, iql_value
from .losses.regression.fair import fair
from .losses.regression.geman_mcclure import geman_mcclure
from .losses.regression.general_robust import general_robust
from .losses.regression.hl_gauss import hl_gauss
from .losses.regression.huber import huber
from .losses.regression.linex import linex
from .losses.regression.log_cosh import log_cosh
from .losses.regression.mae import mae
from .losses.regression.mape import mape
from .losses.regression.mase import mase
from .losses.regression.mse import mse
from .losses.regression.msle import msle
from .losses.regression.msse import msse
from .losses.regression.pseudo_huber import pseudo_huber
from .losses.regression.quantile import quantile
from .losses.regression.rmsse import rmsse
from .losses.regression.smape import smape
from .losses.regression.smooth_l1 import smooth_l1
from .losses.regression.squared_epsilon_insensitive import squared_epsilon_insensitive
from .losses.regression.tukey import tukey
from .losses.regression.two_hot import symexp_two_hot, two_hot
from .losses.regression.wape import wape
from .losses.regression.welsch import welsch
from .losses.regularization.elastic_net import elastic_net
from .losses.regularization.group_lasso import group_lasso
from .losses.regularization.l1 import l1
from .losses.regularization.l2 import l2
from .losses.reinforcement.advantage_weighted import advantage_weighted, awr, iql_actor
from .losses.reinforcement.apo import apo, apo_down, apo_zero
from .losses.reinforcement.bco import bco
from .losses.reinforcement.bradley_terry import bradley_terry, cpo, simpo
from .losses.reinforcement.categorical_td import categorical_td
from .losses.reinforcement.cispo import cispo
from .losses.reinforcement.clipped_value import clipped_value
from .losses.reinforcement.dpo import dpo, robust_dpo
from .losses.reinforcement.entropy import entropy
from .losses.reinforcement.ipo import ipo
from .losses.reinforcement.kl_estimate import k1, k2, k3, kl_estimate
from .losses.reinforcement.kto import kto
from .losses.reinforcement.nca import nca
from .losses.reinforcement.orpo import orpo
from .losses.reinforcement.policy_gradient import policy_gradient
from .losses.reinforcement.ppo_clip import bnpo, dapo, dr_grpo, grpo, gspo, ppo_clip
from .losses.reinforcement.quantile_huber import quantile_huber
from .losses.reinforcement.sac_actor import sac_actor
from .losses.reinforcement.sac_temperature import sac_temperature
from .losses.reinforcement.sapo import sapo
from .losses.reinforcement.sppo import sppo
from .losses.reinforcement.td_error import td_error
from .losses.segmentation.boundary import boundary
from .losses.segmentation.cl_dice import cl_dice
from .losses.segmentation.dice import dice
from .losses.segmentation.focal_tversky import focal_tversky
from .losses.segmentation.generalized_dice import generalized_dice
from .losses.segmentation.hausdorff_dt import hausdorff_dt
from .losses.segmentation.image_variation import image_variation
from .losses.segmentation.jaccard import jaccard
from .losses.segmentation.lovasz_hinge import lovasz_hinge
from .losses.segmentation.lovasz_softmax import lovasz_softmax
from .losses.segmentation.tversky import tversky
from .losses.segmentation.unified_focal import unified_focal
from .losses.sequence.crf import crf
from .losses.sequence.ctc import ctc
from .losses.sequence.soft_dtw import soft_dtw
from .losses.sequence.transducer import transducer
from .losses.sequence.transducer_lattice import transducer_lattice
from .losses.sequence.transducer_pruned import transducer_pruned
from .losses.sequence.transducer_simple import transducer_simple
from .losses.signals.multi_resolution_stft import multi_resolution_stft
from .losses.signals.pit_mse import pit_mse
from .losses.signals.pit_si_sdr import pit_si_sdr
from .losses.signals.si_sdr import si_sdr
from .scoring import score
from .transforms.checking import check
from .transforms.combine_losses import combine
from .transforms.derivatives import grad, hvp, sum_and_weight, value_and_grad, value_grad_hess, vjp
from .transforms.transducer_starts import transducer_starts
from .version import __version__

__all__ = [
    "__version__",
    "adaptive_robust",
    "advantage_weighted",
    "alpha_divergence",
    "apo",
    "apo_down",
    "apo_zero",
    "approx_ndcg",
    "arcface",
    "asymmetric_focal",
    "available_backends",
    "awr",
    "BackendUnavailable",
    "barlow_twins",
    "batch_hard_triplet",
    "bce",
    "bce_with_logits",
    "bco",
    "beta_distribution_nll",
    "beta_nll",
    "bfloat16",
    "bnpo",
    "boundary",
    "bpr",
    "bradley_terry",
    "categorical_td",
    "cauchy",
    "censored_logistic",
    "censored_normal",
    "charbonnier",
    "check",
    "ciou",
    "circle",
    "cispo",
    "cl_dice",
    "class_balanced_weight",
    "clipped_value",
    "combine",
    "contrastive",
    "coral",
    "corn",
    "cosent",
    "cosface",
    "cosine_embedding",
    "cox",
    "cpo",
    "crf",
    "cross_entropy",
    "crps_ensemble",
    "crps_gaussian",
    "ctc",
    "dapo",
    "deephit",
    "dice",
    "dino",
    "diou",
    "dirichlet_multinomial_nll",
    "dirichlet_nll",
    "distillation",
    "dpo",
    "dr_grpo",
    "eiou",
    "elastic_net",
    "elementwise",
    "energy_distance",
    "energy_score",
    "entmax",
    "entmax15",
    "entropy",
    "epsilon_insensitive",
    "evaluate",
    "expectile",
    "exponential",
    "fair",
    "focal",
    "focal_tversky",
    "FormatError",
    "gamma_deviance",
    "gaussian_kl",
    "gaussian_nll",
    "gaussian_nll_logvar",
    "gaussian_prior_kl",
    "geman_mcclure",
    "general_robust",
    "generalized_cross_entropy",
    "generalized_dice",
    "generalized_pareto_nll",
    "giou",
    "grad",
    "group_lasso",
    "grpo",
    "gspo",
    "hausdorff_dt",
    "heatmap_focal",
    "hinge",
    "hinge_embedding",
    "hl_gauss",
    "huber",
    "hurdle_negative_binomial_nll",
    "hurdle_poisson_nll",
    "hvp",
    "image_variation",
    "info_nce",
    "interval_score",
    "iou",
    "ipo",
    "iql_actor",
    "iql_value",
    "jaccard",
    "js_div",
    "js_logits",
    "k1",
    "k2",
    "k3",
    "kl_div",
    "kl_estimate",
    "kl_logits",
    "koleo",
    "kto",
    "l1",
    "l2",
    "lambdarank",
    "laplace_nll",
    "ldam",
    "linear_cross_entropy",
    "linex",
    "list_losses",
    "listmle",
    "listnet",
    "load_balancing",
    "log_cosh",
    "logistic_hazard",
    "logit_adjusted_cross_entropy",
    "loglogistic_aft",
    "lognormal_aft",
    "lovasz_hinge",
    "lovasz_softmax",
    "mae",
    "mape",
    "margin_mse",
    "margin_ranking",
    "mase",
    "mixture_nll",
    "mixture_vector_nll",
    "mmd",
    "modified_huber",
    "mpdiou",
    "ms_ssim",
    "mse",
    "msle",
    "msse",
    "mtlr",
    "multi_margin",
    "multi_quantile",
    "multi_resolution_stft",
    "multi_similarity",
    "multiclass_hinge",
    "multilabel_margin",
    "multilabel_soft_margin",
    "nca",
    "negative_binomial_nll",
    "neural_ndcg",
    "nll",
    "nt_xent",
    "num_threads",
    "ordinal_logistic",
    "orpo",
    "pc_hazard",
    "perceptron",
    "pit_mse",
    "pit_si_sdr",
    "pmf_survival",
    "poisson_nll",
    "policy_gradient",
    "poly1_cross_entropy",
    "ppo_clip",
    "proxy_anchor",
    "proxy_nca",
    "pseudo_huber",
    "quality_focal",
    "quantile",
    "quantile_huber",
    "ranked_probability",
    "ranknet",
    "rmsse",
    "robust_dpo",
    "router_z_loss",
    "rowwise",
    "sac_actor",
    "sac_temperature",
    "sapo",
    "score",
    "seesaw",
    "set_num_threads",
    "si_sdr",
    "siglip",
    "simpo",
    "sinkhorn_divergence",
    "siou",
    "skew_kl",
    "smape",
    "smooth_l1",
    "soft_dtw",
    "soft_margin",
    "softmax_focal",
    "sparsemax",
    "sppo",
    "squared_epsilon_insensitive",
    "squared_hinge",
    "ssim",
    "student_t_nll",
    "sum_and_weight",
    "supervised_contrastive",
    "symexp_two_hot",
    "symmetric_cross_entropy",
    "td_error",
    "total_variation",
    "transducer",
    "transducer_lattice",
    "transducer_pruned",
    "transducer_simple",
    "transducer_starts",
    "triplet_margin",
    "tukey",
    "tversky",
    "tweedie",
    "two_hot",
    "uncertainty_weighted",
    "unified_focal",
    "use_backend",
    "value_and_grad",
    "value_grad_hess",
    "varifocal",
    "variogram_score",
    "vicreg",
    "vjp",
    "von_mises_nll",
    "wape",
    "wasserstein_gan",
    "weibull_aft",
    "weighted_interval_score",
    "welsch",
    "xendcg",
    "zero_inflated_negative_binomial_nll",
    "zero_inflated_poisson_nll",
]

if not _typing.TYPE_CHECKING:  # a checker of types would take any name for known
    from .catalogue import unknown as _unknown

    __getattr__ = _unknown
