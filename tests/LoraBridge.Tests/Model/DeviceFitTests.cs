using LoraBridge.Formats;
using LoraBridge.Model;
using LoraBridge.Native;
using LoraBridge.TestKit;

namespace LoraBridge.Tests.Model;

/// <summary>A model that a device has no room for is refused with numbers before it is loaded, or stays with the CPU.</summary>
public sealed class DeviceFitTests : IDisposable
{
    private const long Room = 64 << 20;

    private readonly GgufModelFiles _files = ModelLoader.Open(TinyModels.PathOf(TinyArchitecture.Llama));

    public void Dispose() => _files.Dispose();

    [Fact]
    public void A_model_that_fits_goes_where_it_was_asked_for()
    {
        var (backend, devices) = Choose(new DeviceConfiguration { Backend = ComputeBackend.Vulkan }, Room);
        Assert.Equal(("vulkan", 1), (backend, devices.Count));
    }

    [Fact]
    public void One_that_does_not_is_refused_with_numbers()
    {
        var fault = Assert.Throws<InsufficientMemoryException>(() => Choose(new DeviceConfiguration { Backend = ComputeBackend.Vulkan }, 1000));
        Assert.Contains("0 are free there", fault.Message, StringComparison.Ordinal);
        Assert.Contains("--gpu-layers", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Or_stays_with_the_CPU_where_anything_will_do()
    {
        var (backend, devices) = Choose(new DeviceConfiguration(), 1000);
        Assert.Equal(("cpu", 0), (backend, devices.Count));
    }

    [Fact]
    public void Who_says_how_many_layers_go_there_is_believed()
    {
        var (backend, _) = Choose(new DeviceConfiguration { Backend = ComputeBackend.Vulkan, GpuLayers = 1 }, 1000);
        Assert.Equal("vulkan", backend);
    }

    private (string Backend, IReadOnlyList<DevicePtr> Devices) Choose(DeviceConfiguration configuration, long free) =>
        DeviceFit.Choose(_files, configuration, "vulkan", [CpuBackend.Device], _ => free);
}
