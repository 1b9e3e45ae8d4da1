import pytest
import torch

from tgsh import FlyNet, Recipe, RotationMNIST, cross_accuracy, evaluate
from tgsh.training import accuracy_on, fit_closed_form


def test_accuracies_are_what_the_module_itself_predicts(few):
    stream = RotationMNIST(few, n_tasks=4, step=30)
    net = FlyNet(4, width_mult=1)
    fit_closed_form(net, stream, (1, 3), Recipe(epochs=2, batch_size=32), data_seed=0)
    cross = cross_accuracy(net, stream)
    for i, j in ((1, 1), (1, 3), (3, 0)):
        images, labels = stream.images(j, "test")
        correct = (net(net.inputs(images), i).argmax(1) == labels).double().mean()
        assert cross[i, j] == pytest.approx(correct.item())
    assert torch.equal(cross.diagonal(), evaluate(net, stream))


def test_few_contexts_by_the_fused_loop_and_many_by_one_product_are_measured_alike(few):
    stream, net = RotationMNIST(few, n_tasks=8), FlyNet(8, width_mult=1).double()
    fit_closed_form(net, stream, range(8), Recipe(epochs=2, batch_size=32), data_seed=0)
    contexts = net.context_vectors()
    one_by_one = torch.cat([accuracy_on(net, stream, 3, contexts[[i]]) for i in range(8)])
    assert torch.equal(accuracy_on(net, stream, 3, contexts), one_by_one)
    assert len(set(one_by_one.tolist())) > 3
