import pytest
import torch
import torch.nn.functional as F

from tgsh import AugmentMNIST, FlyNet, NeuroModNet, Recipe, RotationMNIST, train_stream
from tgsh.errors import ParameterError
from tgsh.runs import RunCache
from tgsh.training import (
    RecomputedFeatures,
    fit_local,
    loss_and_gradient,
    ridge_contexts,
    solve_context,
    task_features,
    templates,
)


@pytest.fixture(scope="module")
def problem(few):
    """Few features, many images: a problem with one optimum."""
    source = torch.Generator().manual_seed(0)
    h, W2 = torch.rand(400, 12, generator=source), torch.randn(10, 12, generator=source)
    return h, torch.randint(10, (400,), generator=source), W2


def test_gradient_is_that_of_autograd(problem):
    h, labels, W2 = problem
    m = torch.randn(12, requires_grad=True)
    loss = F.cross_entropy((m * h) @ W2.T, labels)
    loss.backward()
    value, gradient = loss_and_gradient(h, labels, W2, m.detach())
    assert float(value) == pytest.approx(loss.item(), rel=1e-5)
    torch.testing.assert_close(gradient, m.grad, rtol=1e-4, atol=1e-6)


def test_gradient_of_a_task_is_that_of_autograd_through_the_network(few):
    net, stream = FlyNet(1, width_mult=1).double(), AugmentMNIST(few)
    m = net.context_vector(0).detach().requires_grad_()
    images, labels = stream.images(6, "train", slice(0, 100))
    h = net.features(net.inputs(images))
    F.cross_entropy(net.logits(h, m[None])[0], labels).backward()
    torch.testing.assert_close(loss_and_gradient(h, labels, net.W2, m.detach())[1], m.grad)


def test_templates_are_centred_class_means():
    h = torch.tensor([[1.0, 0.0], [3.0, 0.0], [0.0, 4.0]])
    found = templates(h, torch.tensor([0, 0, 1]), n_classes=2)
    torch.testing.assert_close(found, torch.tensor([[1.0, -2.0], [-1.0, 2.0]]))
    with pytest.raises(ParameterError, match="every one of 3 classes"):
        templates(h, torch.tensor([0, 0, 1]), n_classes=3)


def test_templates_are_all_that_the_first_gradient_sees():
    source = torch.Generator().manual_seed(1)
    h, W2 = torch.rand(50, 8, generator=source), torch.randn(10, 8, generator=source)
    labels = torch.arange(50) % 10
    _, gradient = loss_and_gradient(h, labels, W2, torch.zeros(8))
    torch.testing.assert_close(gradient, -(W2 * templates(h, labels)).sum(0) / 10)


def test_the_loss_is_convex_in_the_context(problem):
    h, labels, W2 = problem
    a, b = torch.randn(12), torch.randn(12)
    values = [float(loss_and_gradient(h, labels, W2, a + s * (b - a))[0]) for s in torch.linspace(0, 1, 11)]
    assert all(v <= (u + w) / 2 + 1e-6 for u, v, w in zip(values, values[1:], values[2:], strict=False))


def test_every_start_ends_at_the_one_optimum(problem):
    h, labels, W2 = problem
    h, W2 = h.double(), W2.double()
    found = [solve_context(h, labels, W2, ridge=1e-3, start=s) for s in (None, torch.randn(12), -3 * torch.ones(12))]
    for other in found[1:]:
        torch.testing.assert_close(other.context, found[0].context, atol=2e-3, rtol=0)
    assert found[0].gradient < 1e-4


def test_single_precision_features_do_not_keep_it_from_the_optimum(problem):
    # Losses in single precision stop the line search about twenty times as far away.
    assert solve_context(*problem, ridge=1e-3).gradient < 2e-4


def test_an_error_of_nothing_is_nothing():
    # Logits 94 apart: the error is 1e-41, which single precision holds, slowly, as a denormal number.
    _, gradient = loss_and_gradient(torch.eye(2), torch.tensor([0, 1]), 2 * torch.eye(2) - 1, torch.full((2,), 47.0))
    assert torch.equal(gradient, torch.zeros(2))


def test_a_known_optimum_is_found():
    # Every unit speaks for one class alone and every image lights all units: only the frequencies of the labels count,
    # and at the optimum the softmax equals them.
    labels = torch.tensor([0] * 5 + [1] * 3 + [2] * 2)
    found = solve_context(torch.ones(10, 3).double(), labels, torch.eye(3).double())
    torch.testing.assert_close(found.context.softmax(0), torch.tensor([0.5, 0.3, 0.2]).double(), atol=1e-4, rtol=0)
    assert found.accuracy == 0.5


def test_ridge_shortens_the_context_and_raises_the_loss(problem):
    h, labels, W2 = problem
    weak, strong = (solve_context(h, labels, W2, ridge=r) for r in (1e-4, 1e-1))
    assert strong.context.norm() < weak.context.norm()
    assert strong.loss > weak.loss


def test_a_ridge_pulls_towards_the_context_that_is_given(problem):
    h, labels, W2 = problem
    centre = torch.randn(12, generator=torch.Generator().manual_seed(3))
    strong = solve_context(h, labels, W2, 1e6, around=centre)
    torch.testing.assert_close(strong.context, centre, atol=1e-5, rtol=0)
    found = solve_context(h, labels, W2, 0.1, around=centre).context
    slope = loss_and_gradient(h, labels, W2, found)[1]
    torch.testing.assert_close(slope, -0.1 * (found - centre), atol=1e-4, rtol=0)
    other = solve_context(h, labels, W2, 0.1, start=torch.zeros(12), around=centre).context
    torch.testing.assert_close(other, found, atol=1e-3, rtol=0)
    zeros = solve_context(h, labels, W2, 0.1, around=torch.zeros(12)).context
    assert torch.equal(zeros, solve_context(h, labels, W2, 0.1).context)


def test_bad_settings_are_one_line(problem):
    with pytest.raises(ParameterError, match="ridge must be 0 or more"):
        solve_context(*problem, ridge=-1)
    with pytest.raises(ParameterError, match="max_iterations"):
        solve_context(*problem, max_iterations=0)


def test_no_context_on_the_way_beats_the_optimum(few):
    stream = RotationMNIST(few, n_tasks=1)
    net = FlyNet(1, width_mult=1)
    train_stream(net, stream, Recipe(epochs=3), device="cpu", progress=False)
    h, labels = task_features(net, stream, 0)
    ridge, m = 1e-3, net.context_vectors()[0]
    found = solve_context(h, labels, net.W2, ridge=ridge)
    trained = float(loss_and_gradient(h, labels, net.W2, m)[0]) + ridge / 2 * float(m @ m)
    assert found.loss + ridge / 2 * float(found.context @ found.context) < trained


def test_features_are_what_the_network_modulates(few):
    stream = RotationMNIST(few, n_tasks=2)
    net = FlyNet(2, width_mult=1)
    h, labels = task_features(net, stream, 1, test=True)
    assert h.shape == (len(few.test_labels), 784)
    assert (labels == few.test_labels).all()
    assert (h >= 0).all()


def test_local_training_leaves_the_gain_alone_and_learns(few):
    stream = RotationMNIST(few, n_tasks=2)
    net = FlyNet(2, width_mult=1)
    before = [g.item() for g in net.g]
    record = train_stream(net, stream, Recipe(epochs=5), device="cpu", progress=False, fit=fit_local)
    assert [g.item() for g in net.g] == before
    assert record.accuracy.min() > 0.5


def test_a_ridge_context_is_a_minimum_and_a_sum_of_features(few, tmp_path):
    stream = RotationMNIST(few, n_tasks=2, step=90)
    net, ridge = FlyNet(1, width_mult=1), 0.01
    m = ridge_contexts(net, stream, [1], ridge, 300, cache=RunCache(tmp_path))
    images, labels = stream.images(1, "train")
    h = net.features(net.inputs(images))
    D = F.one_hot(labels, 10) - ((h * m) @ net.W2.T).softmax(1)
    torch.testing.assert_close(ridge * m[0], (net.W2 * (D.T @ h)).sum(0) / len(h), rtol=0, atol=2e-5)
    again = ridge_contexts(net, stream, [1], ridge, 300, cache=RunCache(tmp_path))
    assert torch.equal(m, again)


@pytest.mark.parametrize(
    ("ridge", "n_images", "message"),
    [(0, 9, "ridge must be a number above 0"), (1, 999, "n_images must be a whole number")],
)
def test_bad_ridges(few, ridge, n_images, message):
    with pytest.raises(ParameterError, match=message):
        ridge_contexts(FlyNet(1, width_mult=1), RotationMNIST(few, n_tasks=1), [0], ridge, n_images)


def test_where_the_loss_is_not_convex_there_is_no_one_optimum(few):
    with pytest.raises(ParameterError, match="the loss of NeuroModNet is not convex in its context"):
        ridge_contexts(NeuroModNet(1, (50, 50)), RotationMNIST(few, n_tasks=1), [0], 1, 100)


@pytest.mark.parametrize("make", [RotationMNIST, AugmentMNIST], ids=["moved pixels", "floating images"])
@pytest.mark.parametrize("test", [False, True], ids=["many groups", "a part of a block"])
def test_recomputed_features_give_the_products_of_kept_ones(digits, make, test):
    net, stream = FlyNet(1, width_mult=1).double(), make(digits.subset(n_train=1100, n_test=150), n_tasks=4)
    (h, labels), (again, same) = (task_features(net, stream, 3, test=test, kept=kept) for kept in (True, False))
    assert isinstance(again, RecomputedFeatures)
    assert again.shape == h.shape == (len(again), 784)
    assert torch.equal(same, labels)
    m = net.context_vector(0).detach()
    readout, errors = net.W2 * m, torch.randn(10, len(h), generator=torch.Generator().manual_seed(0)).double()
    torch.testing.assert_close(again.logits(readout), readout @ h.T, rtol=0, atol=1e-12)
    torch.testing.assert_close(again.gradient(errors, net.W2), ((errors @ h) * net.W2).sum(0), rtol=0, atol=1e-10)
    for one, other in zip(*(loss_and_gradient(x, labels, net.W2, m) for x in (h, again)), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-14)


def test_recomputed_features_do_not_depend_on_the_number_of_threads(digits):
    net, stream = FlyNet(1, width_mult=1), RotationMNIST(digits.subset(n_train=1100), n_tasks=4)
    h, labels = task_features(net, stream, 1, kept=False)
    threads, found = torch.get_num_threads(), []
    for n in (1, 2, 3):
        torch.set_num_threads(n)
        try:
            found.append(loss_and_gradient(h, labels, net.W2, net.context_vector(0).detach()))
        finally:
            torch.set_num_threads(threads)
    assert all(torch.equal(a, b) for other in found[1:] for a, b in zip(found[0], other, strict=True))


def test_the_solver_finds_the_same_minimum_without_kept_features(few):
    net, stream = FlyNet(1, width_mult=1).double(), RotationMNIST(few, n_tasks=4)
    start = torch.ones(784, dtype=torch.float64)
    kept, again = (solve_context(*task_features(net, stream, 2, kept=k), net.W2, 1e-3, start) for k in (True, False))
    torch.testing.assert_close(again.context, kept.context, rtol=0, atol=1e-3 * float(kept.context.abs().max()))
    assert again.loss == pytest.approx(kept.loss, rel=1e-5)
    assert again.gradient < 1e-3 > kept.gradient
    assert again.accuracy == kept.accuracy


def test_the_quality_of_a_solution_is_that_of_its_context(problem):
    h, labels, W2 = problem
    for start in (None, torch.randn(12)):
        found = solve_context(h, labels, W2, ridge=0.1, start=start, max_iterations=3)
        at = [0.1 * m + loss_and_gradient(h, labels, W2, m)[1] for m in (found.context, torch.zeros(12))]
        assert found.gradient == pytest.approx(float(at[0].norm() / at[1].norm()), rel=1e-3)
        assert found.loss == pytest.approx(float(loss_and_gradient(h, labels, W2, found.context)[0]), rel=1e-6)


def test_features_that_no_fused_loop_serves_are_kept(few):
    for net in (NeuroModNet(1, (20,)), FlyNet(1, width_mult=1, projection="gaussian")):
        found = task_features(net, RotationMNIST(few, n_tasks=4), 0, kept=False)[0]
        assert torch.equal(found, task_features(net, RotationMNIST(few, n_tasks=4), 0)[0])


def test_products_of_another_shape_are_refused(few):
    h, _ = task_features(FlyNet(1, width_mult=1), RotationMNIST(few, n_tasks=4), 0, kept=False)
    W2, errors = torch.zeros(10, 784), torch.zeros(10, 300)
    for product, wrong in (
        (lambda: h.logits(W2[:, 1:]), r"readout must have shape \(10, 784\); got \(10, 783\)"),
        (lambda: h.gradient(errors.T, W2), r"errors must have shape \(10, 300\); got \(300, 10\)"),
        (lambda: h.gradient(errors, W2.T), r"W2 must have shape \(10, 784\); got \(784, 10\)"),
    ):
        with pytest.raises(ParameterError, match=wrong):
            product()


def test_where_nothing_slopes_the_centre_is_the_minimum():
    found = solve_context(torch.zeros(20, 3), torch.arange(20) % 10, torch.ones(10, 3), ridge=0.1)
    assert found.gradient == 0
    assert torch.equal(found.context, torch.zeros(3))
