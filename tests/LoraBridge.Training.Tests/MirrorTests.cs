using LoraBridge.Formats;
using LoraBridge.Native;
using LoraBridge.Training.Graphs;

namespace LoraBridge.Training.Tests;

/// <summary>Whoever changed numbers last is right, on both sides.</summary>
public sealed class MirrorTests : IDisposable
{
    private readonly ComputeEngine _engine;
    private readonly GraphBuilder _leaves = new(8);
    private readonly BufferHandle _memory;
    private readonly TrainableTensor[] _parameters;
    private readonly Mirror _mirror;

    public MirrorTests()
    {
        NativeRuntime.Initialize();
        _engine = new ComputeEngine(1);
        _parameters = [Create("a", 70), Create("b", 3)];
        _memory = _engine.Allocate(_leaves);
        _mirror = new Mirror([.. _parameters.Select(parameter => parameter.Value)], new ParameterMemory(_engine.Allocate, new ParameterLayout(_parameters), "values"));
        foreach (var parameter in _parameters)
            parameter.ValuesOnDevice = _mirror;
    }

    public void Dispose()
    {
        _mirror.Device.Dispose();
        _memory.Dispose();
        _leaves.Dispose();
        _engine.Dispose();
    }

    [Fact]
    public void What_the_host_has_first_goes_to_the_device_once()
    {
        Host(0).Fill(1);
        Host(1).Fill(2);
        _mirror.ReadOnDevice();
        Assert.Equal((1, 2), (OnDevice(0), OnDevice(1)));
        Host(0).Fill(3);
        _mirror.ReadOnDevice();
        _mirror.EditOnDevice();
        Assert.Equal(1, OnDevice(0));
    }

    [Fact]
    public void What_the_host_changes_goes_to_the_device()
    {
        _mirror.ReadOnDevice();
        _parameters[1].EditValues().Fill(5);
        _mirror.EditOnDevice();
        Assert.Equal((0, 5), (OnDevice(0), OnDevice(1)));
    }

    [Fact]
    public void What_the_device_changes_goes_to_the_host_once()
    {
        _mirror.EditOnDevice();
        _mirror.Device.Set(0, Enumerable.Repeat(4f, 70).ToArray());
        Assert.Equal(0, Host(0)[69]);
        Assert.Equal(4, _parameters[0].ReadValues()[69]);
        _mirror.Device.Set(0, new float[70]);
        Assert.Equal(4, _parameters[0].ReadValues()[69]);
    }

    /// <summary>The rest of what the device has must not be lost.</summary>
    [Fact]
    public void A_change_of_the_host_is_one_of_what_the_device_has()
    {
        _mirror.EditOnDevice();
        _mirror.Device.Set(0, Enumerable.Repeat(4f, 70).ToArray());
        _parameters[1].EditValues()[0] = 6;
        _mirror.ReadOnDevice();
        Assert.Equal((4, 6), (OnDevice(0), OnDevice(1)));
        Assert.Equal(4, Host(0)[0]);
    }

    [Fact]
    public void Zeros_are_those_of_both()
    {
        _parameters[0].EditValues().Fill(1);
        _mirror.ReadOnDevice();
        Assert.Equal(1, OnDevice(0));
        _mirror.Clear();
        Assert.Equal(0, OnDevice(0));
        Assert.Equal(0, _parameters[0].ReadValues()[0]);
    }

    private Span<float> Host(int parameter) => _parameters[parameter].Value.HostSpan<float>(0, (int)_parameters[parameter].Shape.Count);

    private float OnDevice(int parameter)
    {
        var numbers = new float[_parameters[parameter].Shape.Count];
        _mirror.Device.Get(parameter, numbers);
        Assert.All(numbers.Skip(1), number => Assert.Equal(numbers[1], number));
        return numbers[0];
    }

    private TrainableTensor Create(string name, int count) => new(
        name, _leaves.Leaf(GgmlType.F32, new Shape(count), name), _leaves.Leaf(GgmlType.F32, new Shape(count), $"{name}.grad"));
}
