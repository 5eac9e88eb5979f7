using LoraBridge.Native;
using LoraBridge.Training.Graphs;

namespace LoraBridge.Training.Tests;

/// <summary>The device's optimiser beside the host's, which is compared with the formulas.</summary>
public sealed class DeviceAdamWTests
{
    private const int Steps = 5;

    /// <summary>Rounding: updates are as large as the learning rate, and values as large as 1.</summary>
    private const double Rounding = 2e-6;

    private static AdamWOptions Plain => new() { Decays = _ => true };

    /// <summary>Each parameter has factors of its own: gains on B, another rate there, and decay on some.</summary>
    private static AdamWOptions Various => new()
    {
        Beta1 = 0.8f, Beta2 = 0.95f, Epsilon = 1e-2f, WeightDecay = 0.3f, Decays = parameter => parameter.Name[0] != 'y',
        RateFactorOf = parameter => parameter.Name.EndsWith('b') ? 3 : 1, GainOf = parameter => parameter.Name == "x.lora_b" ? 4 : 1,
    };

    [Theory]
    [InlineData(false, false, 1)]
    [InlineData(false, false, 0.3f)]
    [InlineData(true, false, 1)]
    [InlineData(true, false, 0.3f)]
    [InlineData(true, true, 0.3f)]
    [InlineData(false, true, 1)]
    public void Updates_are_those_of_the_host(bool various, bool small, float gradientFactor)
    {
        using var both = new TwoOptimizers(various ? Various : Plain, small);
        var before = TwoOptimizers.Values(both.OnDevice);
        for (var t = 1; t <= Steps; t++)
        {
            both.Step(seed: 10 + t, learningRate: 0.02f / t, gradientFactor);
            Assert.InRange(both.Distance(), 0, Rounding * t * (various ? 4 : 1));
        }
        Assert.Equal(Steps, both.Device.Steps);
        Assert.InRange(both.DistanceOfMoments(), 0, Rounding);
        Assert.All(before.Zip(TwoOptimizers.Values(both.OnDevice)), pair => Assert.All(pair.First.Zip(pair.Second), value => Assert.NotEqual(value.First, value.Second)));
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void Gradients_are_as_long_as_on_the_host(bool various, bool small)
    {
        using var both = new TwoOptimizers(various ? Various : Plain, small);
        for (var t = 1; t <= 2; t++)
        {
            both.Fill(values: false, seed: t);
            var expected = both.Host.MeasureNorm();
            Assert.Equal(expected, both.Device.MeasureNorm(), 1e-6 * expected);
            both.Device.Step(0.1f, 0.5f);
            Assert.Equal(expected, both.Device.MeasureNorm(), 1e-6 * expected);
        }
        both.OnDevice[1].EditGradients()[5] = float.NaN;
        Assert.True(double.IsNaN(both.Device.MeasureNorm()));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_last_update_is_taken_back_once(bool small)
    {
        using var both = new TwoOptimizers(Various, small);
        Assert.False(both.Device.Undo());
        both.Step(seed: 1, 0.1f, 1);
        var values = TwoOptimizers.Values(both.OnDevice);
        both.Step(seed: 2, 0.1f, 1);
        Assert.NotEqual(values, TwoOptimizers.Values(both.OnDevice));
        Assert.True(both.Device.Undo());
        Assert.Equal(values, TwoOptimizers.Values(both.OnDevice));
        Assert.False(both.Device.Undo());
        Assert.Equal(values, TwoOptimizers.Values(both.OnDevice));
    }

    [Fact]
    public void What_is_taken_back_was_there_before_even_if_the_host_changed_it()
    {
        using var both = new TwoOptimizers(Plain);
        both.Step(seed: 1, 0.1f, 1);
        both.OnDevice[0].EditValues().Fill(7);
        both.Step(seed: 2, 0.1f, 1);
        both.Device.Undo();
        Assert.All(both.OnDevice[0].ReadValues().ToArray(), value => Assert.Equal(7, value));
    }

    /// <summary>Moments go from either to the other, and both go on alike.</summary>
    [Fact]
    public void A_training_goes_on_with_the_moments_of_another()
    {
        using var first = new TwoOptimizers(Various);
        using var second = new TwoOptimizers(Various, small: true);
        for (var t = 1; t <= 3; t++)
            first.Step(seed: t, 0.05f, 1);
        for (var i = 0; i < first.OnHost.Count; i++)
        {
            second.Device.SetMoments(i, first.Host.FirstMoments(i), first.Host.SecondMoments(i));
            second.Host.SetMoments(i, first.Device.FirstMoments(i), first.Device.SecondMoments(i));
            first.OnHost[i].ReadValues().CopyTo(second.OnDevice[i].EditValues());
            first.OnDevice[i].ReadValues().CopyTo(second.OnHost[i].EditValues());
        }
        second.Device.Steps = second.Host.Steps = first.Host.Steps;
        Assert.InRange(second.DistanceOfMoments(), 0, Rounding);
        first.Step(seed: 9, 0.05f, 0.7f);
        second.Step(seed: 9, 0.05f, 0.7f);
        Assert.Equal(4, second.Device.Steps);
        Assert.InRange(second.Distance(), 0, 20 * Rounding);
        Assert.All(
            TwoOptimizers.Values(first.OnHost).Zip(TwoOptimizers.Values(second.OnDevice)),
            pair => Assert.All(pair.First.Zip(pair.Second), value => Assert.Equal(value.First, value.Second, 20 * Rounding)));
    }

    /// <summary>Values and gradients stay on the device from one update to the next: what lies in host memory meanwhile is neither used nor renewed.</summary>
    [Fact]
    public void Updates_exchange_no_values_with_the_host()
    {
        const float Poison = 12345;
        using var both = new TwoOptimizers(Plain);
        both.Step(seed: 1, 0.1f, 1);
        foreach (var parameter in both.OnDevice)
        {
            Raw(parameter.Value).Fill(Poison);
            Raw(parameter.Gradient).Fill(Poison);
        }
        for (var t = 0; t < 2; t++)
        {
            both.Host.Step(0.1f, 0.5f);
            Assert.Equal(both.Host.MeasureNorm(), both.Device.MeasureNorm(), 1e-5);
            both.Device.Step(0.1f, 0.5f);
        }
        foreach (var parameter in both.OnDevice)
        {
            Assert.All(Raw(parameter.Value).ToArray(), value => Assert.Equal(Poison, value));
            Assert.All(Raw(parameter.Gradient).ToArray(), value => Assert.Equal(Poison, value));
        }
        Assert.InRange(both.Distance(), 0, 10 * Rounding);

        static Span<float> Raw(TensorPtr tensor) => tensor.HostSpan<float>(0, (int)tensor.ElementCount);
    }

    [Fact]
    public void Memory_is_known_before_it_is_taken()
    {
        using var both = new TwoOptimizers(Plain);
        var elements = both.OnDevice.Sum(parameter => parameter.Shape.Count);
        Assert.Equal(12 * elements, both.Host.HostBytes);
        Assert.Equal((0, 0), (both.Host.DeviceBytes, both.Device.HostBytes));
        // m, v and what was before, and twice what is worked on at a time: all of it here.
        Assert.InRange(both.Layout.Bytes, 4 * elements, 4 * (elements + both.OnDevice.Count * ParameterLayout.Alignment));
        Assert.Equal(5 * both.Layout.Bytes, both.Device.DeviceBytes);
    }

    /// <summary>Where it cannot, the host's optimiser is taken: each operation is asked about.</summary>
    [Theory]
    [InlineData(null, true)]
    [InlineData(GgmlOp.OptStepAdamw, false)]
    [InlineData(GgmlOp.Mul, false)]
    [InlineData(GgmlOp.SumRows, false)]
    public void A_device_says_whether_it_can(object? refused, bool can)
    {
        using var both = new TwoOptimizers(Plain);
        var device = new Refusing((GgmlOp?)refused);
        using var memory = new ParameterMemory(device.Allocate, both.Layout, "numbers");
        var mirror = new Mirror([], memory);
        using var optimizer = new DeviceAdamW(both.OnDevice, Plain, device, both.Layout, mirror, mirror);
        Assert.Equal(can, optimizer.IsSupported());
    }

    private sealed class Refusing(GgmlOp? refused) : ComputeEngine(1)
    {
        public override bool Supports(TensorPtr node) => node.Op != refused && base.Supports(node);
    }
}
