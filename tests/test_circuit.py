import numpy as np

from tgsh import FlyNet
from tgsh.figures import flynet_circuit


def test_the_circuit_draws_the_pixels_that_a_unit_reads(digits):
    net = FlyNet(1, width_mult=1)
    figure = flynet_circuit(net, digits.test_images[0].numpy(), highlight=2)
    figure.canvas.draw()
    lit = figure.axes[0].collections[0].get_offsets()
    columns = np.sort((lit[:, 0] / 2.6 * 28 - 0.5).round().astype(int))
    assert columns.tolist() == sorted((net.pixels[2] % 28).tolist())
    texts = {text.get_text() for text in figure.axes[0].texts}
    assert {"$g_t$", "$c_t$", *map(str, range(10))} <= texts
