"""THE registry: what can be asked for, by name. Adding a method is one file in `workers/science` and one line here.

Targets are dotted strings, so that the web knows every method without importing torch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, Union

from pydantic import Field

from app.contract import params as p


@dataclass(frozen=True)
class Entry:
    """One thing that can be asked for.

    `target` is `module:function` under `workers.science`; its keyword-only parameters equal the fields of `params`
    (but `kind`), defaults included. `source` names paper and section, or says where the definition stands.
    """

    target: str
    params: type[p.Params]
    title: str
    summary: str
    source: str

    @property
    def name(self) -> str:
        """The registry key: the one value that `params.kind` accepts."""
        name: str = self.params.model_fields["kind"].annotation.__args__[0]  # type: ignore[union-attr]
        return name


def _room(*entries: Entry) -> Mapping[str, Entry]:
    return {entry.name: entry for entry in entries}


_DATA = "workers.science.data"
_MODELS = "workers.science.models"
_OPTIM = "workers.science.optim"
_PRUNING = "workers.science.pruning"
_BRANCHES = "workers.science.branches"
_PICTURES = "app.pictures"
_FC19 = "Frankle & Carbin 2019, arXiv 1803.03635"

CATALOG: Mapping[str, Mapping[str, Entry]] = {
    "dataset": _room(
        Entry(f"{_DATA}.digits:load", p.Digits, "Digits", "1,797 handwritten digits of 8×8, bundled: no download. "
              "Tested on writers outside the training set.", "scikit-learn's copy of the UCI optical digits test set"),
        Entry(f"{_DATA}.mnist:load", p.Mnist, "MNIST", "Handwritten digits of 28×28: 55,000 train, 5,000 validation, "
              "10,000 test.", "LeCun et al. 1998"),
        Entry(f"{_DATA}.fashion_mnist:load", p.FashionMnist, "Fashion-MNIST", "Clothes of 28×28, split as MNIST.",
              "Xiao et al. 2017, arXiv 1708.07747"),
        Entry(f"{_DATA}.cifar10:load", p.Cifar10, "CIFAR-10", "Colour photographs of 32×32: 45,000 train, 5,000 "
              "validation, 10,000 test.", "Krizhevsky 2009"),
        Entry(f"{_DATA}.cifar10_10k:load", p.Cifar10Part, "CIFAR-10, first 10,000", "The first 10,000 training "
              "(9,000 + 1,000 validation) and 1,000 test images: a subset, not comparable with CIFAR-10.",
              "Krizhevsky 2009, data_batch_1 and the head of test_batch"),
    ),
    "model": _room(
        Entry(f"{_MODELS}.lenet_300_100:build", p.Lenet300100, "LeNet-300-100", "Two hidden linear layers of 300 and "
              "100 units.", f"{_FC19}, figure 2"),
        Entry(f"{_MODELS}.conv_2:build", p.Conv2, "Conv-2", "Two convolutions of 64, a pool, linear 256-256.",
              f"{_FC19}, figure 2"),
        Entry(f"{_MODELS}.conv_4:build", p.Conv4, "Conv-4", "Four convolutions (64, 64, 128, 128), two pools, linear "
              "256-256.", f"{_FC19}, figure 2"),
        Entry(f"{_MODELS}.conv_6:build", p.Conv6, "Conv-6", "Six convolutions (64 to 256), three pools, linear "
              "256-256.", f"{_FC19}, figure 2"),
        Entry(f"{_MODELS}.vgg_11:build", p.Vgg11, "VGG-11", "Eight convolutions (64 to 512) with batch norm, five "
              "pools, one linear layer.", "Simonyan & Zisserman 2014, arXiv 1409.1556, table 1"),
        Entry(f"{_MODELS}.vgg_16:build", p.Vgg16, "VGG-16", "Thirteen convolutions (64 to 512) with batch norm, five "
              "pools, one linear layer.", "Simonyan & Zisserman 2014, arXiv 1409.1556, table 1"),
        Entry(f"{_MODELS}.resnet_18:build", p.Resnet18, "ResNet-18", "Four stages of two residual blocks (64 to 512 "
              "channels), for small pictures.", "He et al. 2016, arXiv 1512.03385, table 1"),
        Entry(f"{_MODELS}.resnet_20:build", p.Resnet20, "ResNet-20", "Three stages of three residual blocks (16, 32, "
              "64 channels, times its width).", "He et al. 2016, arXiv 1512.03385, section 4.2"),
        Entry(f"{_MODELS}.vit_tiny:build", p.VitTiny, "ViT-Ti", "A vision transformer: twelve layers of width 192, "
              "three heads, on patches.", "Dosovitskiy et al. 2021, arXiv 2010.11929; Touvron et al. 2021, arXiv "
              "2012.12877"),
    ),
    "optimizer": _room(
        Entry(f"{_OPTIM}.sgd:build", p.Sgd, "SGD", "Stochastic gradient descent, with optional momentum "
              "and weight decay.", "torch.optim.SGD"),
        Entry(f"{_OPTIM}.momentum_sgd:build", p.MomentumSgd, "SGD with momentum", "Stochastic gradient descent with "
              "momentum.",
              "Polyak 1964; torch.optim.SGD"),
        Entry(f"{_OPTIM}.spectral_sgd:build", p.SpectralSgd, "Spectral SGD", "SGD whose steps have the spectral norm "
              "of the dualised ones.", "docs.modula.systems, weight erasure"),
        Entry(f"{_OPTIM}.frobenius_sgd:build", p.FrobeniusSgd, "Frobenius SGD", "SGD whose steps have the Frobenius "
              "norm of the dualised ones.", "Ours: a second control of the dualised optimizer"),
        Entry(f"{_OPTIM}.dualised:build", p.Dualised, "Dualised", "Makes all singular values of a layer's "
              "update equal, by six Newton-Schulz iterations.", "docs.modula.systems; Bernstein & Newhouse "
              "2024, arXiv 2410.21265"),
        Entry(f"{_OPTIM}.adam:build", p.Adam, "Adam", "Steps scaled by running means of the gradient and of its "
              "square.",
              "Kingma & Ba 2015, arXiv 1412.6980"),
        Entry(f"{_OPTIM}.adamw:build", p.AdamW, "AdamW", "Adam with weight decay decoupled from the gradient.",
              "Loshchilov & Hutter 2019, arXiv 1711.05101"),
        Entry(f"{_OPTIM}.rmsprop:build", p.RmsProp, "RMSprop", "Steps divided by the running root mean square of "
              "the gradient.", "Tieleman & Hinton 2012; torch.optim.RMSprop"),
        Entry(f"{_OPTIM}.lion:build", p.Lion, "Lion", "Steps of equal size along the sign of a running mean of the "
              "gradient.",
              "Chen et al. 2023, arXiv 2302.06675"),
        Entry(f"{_OPTIM}.muon:build", p.Muon, "Muon", "Orthogonalised momentum on the hidden matrices, AdamW on the "
              "rest.", "Jordan et al. 2024; torch.optim.Muon"),
        Entry(f"{_OPTIM}.shampoo:build", p.Shampoo, "Shampoo", "Preconditions both sides of a kernel; slow, with an "
              "SVD per side at every step.", "Gupta et al. 2018, arXiv 1802.09568; pytorch_optimizer"),
        Entry(f"{_OPTIM}.soap:build", p.Soap, "SOAP", "Adam in the eigenbasis of Shampoo.",
              "Vyas et al. 2024, arXiv 2409.11321; pytorch_optimizer"),
        Entry(f"{_OPTIM}.sam:build", p.Sam, "SAM", "SGD with the gradient taken a small step uphill, which avoids "
              "sharp minima; two gradients per step.", "Foret et al. 2021, arXiv 2010.01412"),
    ),
    "schedule": _room(
        Entry(f"{_OPTIM}.schedules:constant", p.Constant, "Constant", "The same rate at every step.", "-"),
        Entry(f"{_OPTIM}.schedules:step_decay", p.StepDecay, "Step decay", "Drops by a factor at fixed "
              "fractions of the training.", "Frankle et al. 2020, arXiv 1903.01611"),
        Entry(f"{_OPTIM}.schedules:cosine", p.Cosine, "Cosine", "Half a cosine, down to a final fraction.",
              "Loshchilov & Hutter 2017, arXiv 1608.03983"),
        Entry(f"{_OPTIM}.schedules:warmup", p.Warmup, "Warm-up", "Linear increase from 0, then constant.",
              "Frankle et al. 2020, arXiv 1903.01611"),
    ),
    "pruning": _room(
        Entry(f"{_PRUNING}.layerwise_magnitude:prune", p.LayerwiseMagnitude, "Layerwise magnitude", "Prunes the "
              "smallest weights of each layer at that layer's rate.", f"{_FC19}, section 2"),
        Entry(f"{_PRUNING}.global_magnitude:prune", p.GlobalMagnitude, "Global magnitude", "Pools all layers but the "
              "output layer and prunes the smallest weights.", "Frankle et al. 2020, arXiv 1903.01611"),
    ),
    "branch": _room(
        Entry(f"{_BRANCHES}.reinit:derive", p.Reinit, "Random reinit", "The ticket's mask with new initial weights.",
              f"{_FC19}, section 2"),
        Entry(f"{_BRANCHES}.shuffled:derive", p.Shuffled, "Shuffled mask", "The ticket's weights under its mask "
              "permuted within each layer.", "Frankle et al. 2021, arXiv 2009.08576"),
        Entry(f"{_BRANCHES}.random:derive", p.RandomMask, "Random mask", "A mask permuted within each layer and new "
              "initial weights.", f"{_FC19}, section 2"),
        Entry(f"{_BRANCHES}.magnitude_at_init:derive", p.MagnitudeAtInit, "Magnitude at init", "As many weights as the "
              "ticket has, those of largest initial magnitude, without training.", "Frankle et al. 2021, arXiv "
              "2009.08576"),
    ),
    "picture": _room(
        Entry(f"{_PICTURES}.text:draw", p.PictureText, "Letter or text", "Black text on white.",
              "Inter, SIL Open Font License"),
        Entry(f"{_PICTURES}.sample:draw", p.PictureSample, "Photograph", "One of four, in shades of grey.",
              "scikit-image (cat, astronaut, coffee: CC0 or public domain); scikit-learn (flower: CC BY)"),
        Entry(f"{_PICTURES}.upload:draw", p.PictureUpload, "Your own", "Drawn, uploaded or pasted; stored in the spec, "
              "so that copies of the run include it.", "-"),
    ),
}  # fmt: skip


def _one_of(room: str) -> Any:
    classes = tuple(entry.params for entry in CATALOG[room].values())
    return Annotated[Union[classes], Field(discriminator="kind")]  # noqa: UP007 (built from the registry)


# A static reader sees the common base; pydantic sees the union of whatever the registry holds.
if TYPE_CHECKING:
    DatasetChoice: TypeAlias = p.DatasetParams
    ModelChoice: TypeAlias = p.ModelParams
    OptimizerChoice: TypeAlias = p.OptimizerParams
    ScheduleChoice: TypeAlias = p.Params
    PruningChoice: TypeAlias = p.PruningParams
    BranchChoice: TypeAlias = p.Params
    PictureChoice: TypeAlias = p.Params
else:
    DatasetChoice = _one_of("dataset")
    ModelChoice = _one_of("model")
    OptimizerChoice = _one_of("optimizer")
    ScheduleChoice = _one_of("schedule")
    PruningChoice = _one_of("pruning")
    BranchChoice = _one_of("branch")
    PictureChoice = _one_of("picture")
