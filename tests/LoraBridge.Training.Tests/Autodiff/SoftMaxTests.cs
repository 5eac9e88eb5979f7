using LoraBridge.Formats;
using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Tests.Autodiff;

public sealed class SoftMaxTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(8)]
    public void GradientsMatchDifferencesWithAMask(float maxBias)
    {
        var mask = new float[6 * 4];
        for (var t = 0; t < 4; t++)
            for (var n = 0; n < 6; n++)
                mask[6 * t + n] = n > t + 1 ? float.NegativeInfinity : -(float)Math.Abs(t - n);
        new GradientProbe((g, x) => g.SoftMax(x[0], x[1], 0.7f, maxBias))
            .Vary(new Shape(6, 4, 2))
            .Fix(GgmlType.F32, new Shape(6, 4), mask)
            .Check();
    }

    [Fact]
    public void GradientsMatchDifferencesWithSinks()
    {
        new GradientProbe((g, x) =>
            {
                var y = g.SoftMax(x[0], default, 0.7f, 0);
                g.AddSinks(y, x[1]);
                return y;
            })
            .Vary(new Shape(6, 4, 2))
            .Fix(GgmlType.F32, new Shape(2), 0.5f, -0.3f)
            .Check();
    }
}
