import pytest
import torch

from tgsh import FlyNet, NeuroModNet, ParameterError, Recipe, RotationMNIST, ShiftMNIST, evaluate
from tgsh.training import accuracy_on, fit_autograd, fit_closed_form, fit_reference, reference_accuracy_on
from tgsh.training._closed_form import rmsprop_step

SHORT = Recipe(epochs=2, batch_size=32)


@pytest.fixture(scope="module")
def stream(few):
    return RotationMNIST(few, n_tasks=4, step=30)


def trained(stream, fit, dtype=torch.float32, tasks=(1, 3), together=True, seed=0):
    net = FlyNet(len(stream), width_mult=1, seed=seed).to(dtype)
    for group in [tasks] if together else [[t] for t in tasks]:
        fit(net, stream, group, SHORT, data_seed=0)
    return net


@pytest.mark.parametrize("together", [True, False])
def test_fast_and_published_paths_agree_in_double_precision(stream, together):
    fast = trained(stream, fit_closed_form, torch.float64, together=together)
    slow = trained(stream, fit_reference, torch.float64)
    moved = (slow.context_vectors() - FlyNet(4, width_mult=1).double().context_vectors()).abs().amax(1)
    assert moved[[1, 3]].min() > 0.01
    torch.testing.assert_close(fast.context_vectors(), slow.context_vectors(), rtol=0, atol=1e-9)


def test_fast_and_published_paths_agree_in_single_precision(stream):
    fast, slow = (trained(stream, fit) for fit in (fit_closed_form, fit_reference))
    # RMSprop's first steps divide a gradient by its own size, which magnifies the rounding of small ones.
    torch.testing.assert_close(fast.context_vectors(), slow.context_vectors(), rtol=0, atol=1e-3)
    torch.testing.assert_close(evaluate(fast, stream), evaluate(slow, stream), rtol=0, atol=0.01)


def test_fast_and_published_paths_count_the_same_accuracies(stream):
    net = trained(stream, fit_closed_form)
    contexts = net.context_vectors()
    fast, slow = (count(net, stream, 3, contexts) for count in (accuracy_on, reference_accuracy_on))
    torch.testing.assert_close(fast, slow, rtol=0, atol=0.01)
    assert fast[3] > fast[0] + 0.2


def test_a_task_leaves_the_others_bit_identical(stream):
    before = FlyNet(4, width_mult=1)
    net = trained(stream, fit_closed_form, tasks=(1,))
    for (name, now), was in zip(net.state_dict().items(), before.state_dict().values(), strict=True):
        assert torch.equal(now, was) == (name not in ("g.1", "c.1")), name


def test_contexts_do_not_depend_on_company(stream):
    alone = trained(stream, fit_closed_form, torch.float64, together=False)
    together = trained(stream, fit_closed_form, torch.float64)
    torch.testing.assert_close(alone.context_vectors(), together.context_vectors(), rtol=0, atol=1e-10)


def test_a_seed_reproduces_and_another_differs(stream):
    one, two, other = (trained(stream, fit_closed_form, seed=s) for s in (0, 0, 1))
    assert torch.equal(one.context_vectors(), two.context_vectors())
    assert not torch.allclose(one.context_vectors(), other.context_vectors())


def test_a_network_that_modulates_otherwise_is_refused(stream):
    with pytest.raises(ParameterError, match=r"NeuroModNet does not modulate as Eq\. 2 does; train it by fit_autograd"):
        fit_closed_form(NeuroModNet(4, (20,)), stream, [0], SHORT, data_seed=0)


def test_the_published_loop_has_rotations_only(few):
    with pytest.raises(ParameterError, match="the published loop has rotations only"):
        fit_reference(FlyNet(1, width_mult=1), ShiftMNIST(few), [0], SHORT, data_seed=0)


def test_a_step_is_that_of_pytorchs_rmsprop_to_the_last_bit():
    source = torch.Generator().manual_seed(0)
    theirs, ours = (torch.nn.Parameter(torch.ones(50)) for _ in range(2))
    optimiser, square = torch.optim.RMSprop([theirs], lr=0.01), torch.zeros(50)
    for _ in range(5):
        theirs.grad = torch.randn(50, generator=source)
        optimiser.step()
        with torch.no_grad():
            rmsprop_step(ours, theirs.grad, square, 0.01)
    assert torch.equal(theirs, ours)
    assert not torch.equal(ours, torch.ones(50))


class LocalOnly(FlyNet):
    def context_vector(self, task):
        return self.c[task]


def test_autograd_trains_what_a_network_uses_and_does_not_freeze(stream):
    unused, frozen = LocalOnly(4, width_mult=1), FlyNet(4, width_mult=1)
    frozen.g[1].requires_grad_(False)
    for net in (unused, frozen):
        g, c = net.g[1].clone(), net.c[1].clone()
        fit_autograd(net, stream, [1], SHORT, data_seed=0)
        assert torch.equal(net.g[1], g)
        assert not torch.equal(net.c[1], c)
