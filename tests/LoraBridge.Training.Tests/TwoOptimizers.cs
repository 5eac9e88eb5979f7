using LoraBridge.Formats;
using LoraBridge.Native;
using LoraBridge.Training.Graphs;

namespace LoraBridge.Training.Tests;

/// <summary>The same parameters twice: those that the host's optimiser changes, and those that the device's does.</summary>
internal sealed class TwoOptimizers : IDisposable
{
    /// <summary>Matrices that fill a multiple of what a device aligns to, and some that do not.</summary>
    private static readonly (string Name, Shape Shape)[] s_parameters =
        [("x.lora_a", new Shape(70, 3)), ("x.lora_b", new Shape(3, 64)), ("y.lora_a", new Shape(64, 2)), ("y.lora_b", new Shape(2, 131)), ("z.lora_a", new Shape(1))];

    private readonly ComputeEngine _host;
    private readonly GraphBuilder _leaves = new(32);
    private readonly BufferHandle _memory;
    private readonly Mirror _values;
    private readonly Mirror _gradients;

    /// <param name="options">Settings of both.</param>
    /// <param name="small">Whether parameters lie in several tensors, which are worked on in pieces.</param>
    public TwoOptimizers(AdamWOptions options, bool small = false)
    {
        var device = OptimizerDevice.Open();
        _host = new ComputeEngine(1);
        OnHost = Create();
        OnDevice = Create();
        _memory = _host.Allocate(_leaves);
        Layout = small ? new ParameterLayout(OnDevice, mostElements: 448) : new ParameterLayout(OnDevice);
        _values = new Mirror([.. OnDevice.Select(parameter => parameter.Value)], new ParameterMemory(device.Allocate, Layout, "values"));
        _gradients = new Mirror([.. OnDevice.Select(parameter => parameter.Gradient)], new ParameterMemory(device.Allocate, Layout, "gradients"));
        foreach (var parameter in OnDevice)
            (parameter.ValuesOnDevice, parameter.GradientsOnDevice) = (_values, _gradients);
        Host = new AdamW(OnHost, options);
        Device = small
            ? new DeviceAdamW(OnDevice, options, device, Layout, _values, _gradients, mostElements: 128)
            : new DeviceAdamW(OnDevice, options, device, Layout, _values, _gradients);
        Fill(values: true, seed: 1);
    }

    public IReadOnlyList<TrainableTensor> OnHost { get; }

    public IReadOnlyList<TrainableTensor> OnDevice { get; }

    public ParameterLayout Layout { get; }

    public AdamW Host { get; }

    public DeviceAdamW Device { get; }

    /// <summary>Gives both the same gradients, and lets both change their parameters by them.</summary>
    public void Step(int seed, float learningRate, float gradientFactor)
    {
        Fill(values: false, seed);
        Host.Step(learningRate, gradientFactor);
        Device.Step(learningRate, gradientFactor);
    }

    /// <summary>Gives both the same random values, or gradients.</summary>
    public void Fill(bool values, int seed)
    {
        foreach (var side in new[] { OnHost, OnDevice })
        {
            var random = new SeededRandom((ulong)seed);
            foreach (var parameter in side)
                foreach (ref var number in values ? parameter.EditValues() : parameter.EditGradients())
                    number = 2 * random.NextSingle() - 1;
        }
    }

    /// <summary>The largest difference between values.</summary>
    public double Distance() => OnHost.Zip(OnDevice).Max(pair => Distance(pair.First.ReadValues().ToArray(), pair.Second.ReadValues().ToArray()));

    /// <summary>The largest difference between moments.</summary>
    public double DistanceOfMoments() => Enumerable.Range(0, OnHost.Count).Max(i => Math.Max(
        Distance(Host.FirstMoments(i), Device.FirstMoments(i)), Distance(Host.SecondMoments(i), Device.SecondMoments(i))));

    public static float[][] Values(IEnumerable<TrainableTensor> parameters) => [.. parameters.Select(parameter => parameter.ReadValues().ToArray())];

    public void Dispose()
    {
        Device.Dispose();
        _values.Device.Dispose();
        _gradients.Device.Dispose();
        _memory.Dispose();
        _leaves.Dispose();
        _host.Dispose();
    }

    private static double Distance(float[] expected, float[] found) => expected.Zip(found).Max(pair => Math.Abs((double)pair.First - pair.Second));

    private TrainableTensor[] Create() =>
        [.. s_parameters.Select(parameter => new TrainableTensor(
            parameter.Name, _leaves.Leaf(GgmlType.F32, parameter.Shape, parameter.Name), _leaves.Leaf(GgmlType.F32, parameter.Shape, $"{parameter.Name}.grad")))];
}
