// Cells of the iCE40 that yosys's own models lack, or have in a form that cannot be simulated here.

// 16384 words of 16 bits, one port (Lattice FPGA-TN-02022, SPRAM usage guide). What it gives after a
// write is not said there: here the complement of what it gave, so that nothing can rely on it.
// There is no standby, sleep or power-off in it.
module SB_SPRAM256KA (
    input [13:0] ADDRESS,
    input [15:0] DATAIN,
    input [3:0] MASKWREN,
    input WREN, CHIPSELECT, CLOCK, STANDBY, SLEEP, POWEROFF,
    output reg [15:0] DATAOUT
);
    reg [15:0] mem [0:16383];
    wire writes = CHIPSELECT & WREN;
    always @(posedge CLOCK) begin
        if (writes & MASKWREN[0]) mem[ADDRESS][3:0] <= DATAIN[3:0];
        if (writes & MASKWREN[1]) mem[ADDRESS][7:4] <= DATAIN[7:4];
        if (writes & MASKWREN[2]) mem[ADDRESS][11:8] <= DATAIN[11:8];
        if (writes & MASKWREN[3]) mem[ADDRESS][15:12] <= DATAIN[15:12];
        if (CHIPSELECT) DATAOUT <= WREN ? ~DATAOUT : mem[ADDRESS];
    end
endmodule
