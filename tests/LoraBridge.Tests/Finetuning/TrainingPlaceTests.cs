using LoraBridge.Finetuning;
using LoraBridge.Finetuning.Runs;
using LoraBridge.Model;
using LoraBridge.Native;
using LoraBridge.TestKit;
using LoraBridge.Training;
using Backends = LoraBridge.Model.Backends;

namespace LoraBridge.Tests.Finetuning;

/// <summary>What the model is on is what trains it; where nobody named that, the CPU may, and says why.</summary>
public sealed class TrainingPlaceTests
{
    private static TrainingPlace Device => new([CpuBackend.Device], "the model is there");

    [Fact]
    public void A_device_with_room_trains()
    {
        using var opened = Open(isNamed: false, free: 2 << 20);
        Assert.Equal("the model is there", opened.Place.Reason);
        Assert.True(opened.Place.IsDevice);
    }

    [Fact]
    public void One_without_leaves_it_to_the_CPU_with_the_numbers()
    {
        using var opened = Open(isNamed: false, free: 0);
        Assert.Equal("CPU", opened.Place.Name);
        Assert.False(opened.Place.IsDevice);
        Assert.Contains("needs 1 MiB on CPU", opened.Place.Reason, StringComparison.Ordinal);
        Assert.Contains("0 are free there", opened.Place.Reason, StringComparison.Ordinal);
        Assert.Equal(1, Opened.Disposals);
    }

    [Fact]
    public void One_that_fails_leaves_it_to_the_CPU_with_the_reason()
    {
        using var opened = AdapterTraining.Open(
            Device, isNamed: false, place => place.IsDevice ? throw new NativeException("no driver") : new Opened(place), _ => { });
        Assert.Contains("no driver", opened.Place.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void One_that_was_named_is_not_left() => Assert.Throws<NativeException>(
        () => AdapterTraining.Open<Opened>(Device, isNamed: true, place => place.IsDevice ? throw new NativeException("no driver") : new Opened(place), _ => { }));

    [Fact]
    public void Other_faults_are_no_reason_to_train_elsewhere() => Assert.Throws<NotSupportedException>(
        () => AdapterTraining.Open<Opened>(Device, isNamed: false, _ => throw new NotSupportedException("no rule"), _ => { }));

    [Fact]
    public void A_named_device_without_room_is_refused_with_numbers()
    {
        var fault = Assert.Throws<InsufficientMemoryException>(() => MemoryPlan.RequireOnDevice(5L << 20, 3L << 20, "CUDA0"));
        Assert.Contains("needs 5 MiB on CUDA0", fault.Message, StringComparison.Ordinal);
        Assert.Contains("3 are free there", fault.Message, StringComparison.Ordinal);
        Assert.Contains("--gpu-layers", fault.Message, StringComparison.Ordinal);
        MemoryPlan.RequireOnDevice(3L << 20, 3L << 20, "CUDA0");
    }

    /// <summary>On one device: several would have them on the first.</summary>
    [Theory]
    [InlineData(1, AutoSwitch.Auto, true)]
    [InlineData(1, AutoSwitch.Always, true)]
    [InlineData(1, AutoSwitch.Never, false)]
    [InlineData(0, AutoSwitch.Always, false)]
    [InlineData(2, AutoSwitch.Always, false)]
    public void Weights_are_kept_transposed_on_one_device(int devices, AutoSwitch wanted, bool kept)
    {
        using var model = TinyModels.Load(TinyArchitecture.Llama);
        var place = new TrainingPlace([.. Enumerable.Repeat(CpuBackend.Device, devices)], "");
        var shape = MemoryPlan.Choose(
            model, new LoraTrainingParameters { CacheTransposed = wanted }, place, new TrainingGraphShape(8, 8, 1, Recompute: null));
        Assert.Equal(kept, shape.KeepsCopies);
    }

    [Fact]
    public void Transposed_weights_may_take_a_quarter_of_what_is_free()
    {
        Assert.True(MemoryPlan.FitCopies(weights: 1000, free: 8000));
        Assert.False(MemoryPlan.FitCopies(weights: 1001, free: 8000));
    }

    [Theory]
    [InlineData("NVIDIA H100 PCIe", 1)]
    [InlineData("AMD Radeon RX 7900 XTX (RADV NAVI31)", 1)]
    [InlineData("llvmpipe (LLVM 15.0.6, 256 bits)", 0)]
    [InlineData("SwiftShader Device (LLVM 10.0.0)", 0)]
    [InlineData("Microsoft Basic Render Driver", 0)]
    public void Auto_takes_what_is_no_software(string description, int expected)
    {
        var properties = DeviceProperties.Of(CpuBackend.Device) with { Description = description };
        Assert.Equal(expected, Backends.Fast([CpuBackend.Device], _ => properties).Count);
    }

    [Theory]
    [InlineData(ComputeBackend.Cpu, null, "asked for by name")]
    [InlineData(ComputeBackend.Auto, null, "no GPU was found")]
    public void A_model_knows_why_it_is_where_it_is(ComputeBackend backend, int? layers, string reason)
    {
        using var model = new LM(TestKit.TinyModels.PathOf(TestKit.TinyArchitecture.Llama), new DeviceConfiguration { Backend = backend, GpuLayers = layers, Threads = 1 });
        Assert.SkipWhen(backend == ComputeBackend.Auto && model.TrainingDevices.Count > 0, "There is a GPU.");
        Assert.Equal(reason, model.PlaceReason);
        Assert.Empty(model.TrainingDevices);
    }

    private static Opened Open(bool isNamed, long free)
    {
        Opened.Disposals = 0;
        return AdapterTraining.Open(Device, isNamed, place => new Opened(place), opened => MemoryPlan.RequireOnDevice(1 << 20, free, opened.Place.Name));
    }

    private sealed class Opened(TrainingPlace place) : IDisposable
    {
        [ThreadStatic]
        private static int s_disposals;

        public static int Disposals { get => s_disposals; set => s_disposals = value; }

        public TrainingPlace Place => place;

        public void Dispose() => s_disposals++;
    }
}
