namespace LoraBridge.Training;

/// <summary>
/// Numbers by parameter that are in host memory and on a device. Whoever wants to read or change them on one side says so here, and finds there what was
/// changed last, wherever that was: nobody else keeps account of it.
/// </summary>
/// <param name="host">Those in host memory, by parameter.</param>
/// <param name="device">Those on the device.</param>
internal sealed class Mirror(IReadOnlyList<TensorPtr> host, ParameterMemory device)
{
    private readonly Lock _gate = new();
    private Side _newer = Side.Host;

    private enum Side
    {
        Neither,
        Host,
        Device,
    }

    /// <summary>Those on the device, as they are there.</summary>
    public ParameterMemory Device => device;

    /// <summary>From now on, until something changes, those in host memory are right.</summary>
    public void ReadOnHost() => Take(Side.Device, Side.Neither);

    /// <summary>Those in host memory are right, and are going to be changed.</summary>
    public void EditOnHost() => Take(Side.Device, Side.Host);

    /// <summary>From now on, until something changes, those on the device are right.</summary>
    public void ReadOnDevice() => Take(Side.Host, Side.Neither);

    /// <summary>Those on the device are right, and are going to be changed.</summary>
    public void EditOnDevice() => Take(Side.Host, Side.Device);

    /// <summary>Sets all to zero; those in host memory when they are asked for.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            device.Clear();
            _newer = Side.Device;
        }
    }

    /// <param name="stale">The side that is newer than the one that is asked for, if it is.</param>
    /// <param name="newer">The side that is newer afterwards.</param>
    private void Take(Side stale, Side newer)
    {
        lock (_gate)
        {
            if (_newer == stale)
                Copy(toHost: stale == Side.Device);
            if (_newer == stale || newer != Side.Neither)
                _newer = newer;
        }
    }

    private void Copy(bool toHost)
    {
        for (var i = 0; i < host.Count; i++)
        {
            var numbers = host[i].HostSpan<float>(0, checked((int)host[i].ElementCount));
            if (toHost)
                device.Get(i, numbers);
            else
                device.Set(i, numbers);
        }
    }
}
