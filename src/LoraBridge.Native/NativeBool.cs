namespace LoraBridge.Native;

/// <summary>A C <c>bool</c> inside a struct: one byte, where C# gives no such guarantee.</summary>
internal readonly struct NativeBool(bool value) : IEquatable<NativeBool>
{
    private readonly byte _value = value ? (byte)1 : (byte)0;

    public static implicit operator bool(NativeBool value) => value._value != 0;

    public static implicit operator NativeBool(bool value) => new(value);

    public bool Equals(NativeBool other) => (bool)this == other;

    public override bool Equals(object? obj) => obj is NativeBool other && Equals(other);

    public override int GetHashCode() => ((bool)this).GetHashCode();

    public override string ToString() => ((bool)this).ToString();
}
